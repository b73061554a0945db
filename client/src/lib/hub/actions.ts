/** Runs something that a person asked for, and says what came of it. */
import { messageOf } from './errors.ts';
import { notices } from '#lib/notices/notices.svelte.ts';

/**
 * @param act what to do
 * @param success what to say when it is done; nothing where the page shows it anyway
 * @returns true where it was done; a failure was shown
 */
export async function perform(act: () => Promise<unknown>, success?: string): Promise<boolean> {
  try {
    await act();
    if (success !== undefined) notices.say(success);
    return true;
  } catch (error) {
    notices.warn(messageOf(error));
    return false;
  }
}
