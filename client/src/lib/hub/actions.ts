/** Runs something, and says what came of it. */
import { messageOf } from './errors.ts';
import { notices } from '#lib/notices/notices.svelte.ts';

/**
 * Runs what a person asked for. What went wrong before no longer counts: its notices end.
 * @param act what to do
 * @param success what to say when it is done; nothing where the page shows it anyway
 * @returns true where it was done; a failure was shown
 */
export async function perform(act: () => Promise<unknown>, success?: string): Promise<boolean> {
  notices.endWarnings();
  const done = await load(act);
  if (done && success !== undefined) notices.say(success);
  return done;
}

/**
 * Reads what a page shows, without a person having asked for it.
 * @returns true where it was read; a failure was shown
 */
export async function load(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    notices.warn(messageOf(error));
    return false;
  }
}
