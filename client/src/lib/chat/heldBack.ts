/** What is pasted or dropped into a field for a message, and is more than a message holds: no browser lays it out in time. */
import { formatNumber } from '#lib/format/formatNumber.ts';
import { longestMessage } from './failure.ts';

/**
 * Why a field does not take a pasted text; undefined where it does.
 * @param length of the text that would stand there then, in characters
 * @param pasted how many of these are new
 */
export function whyHeldBack(length: number, pasted: number): string | undefined {
  if (length <= longestMessage) return undefined;
  return `The text that you pasted has ${formatNumber(pasted)} characters, and a message holds ${formatNumber(longestMessage)} at most. Nothing was pasted. Paste a part of it.`;
}

/**
 * To be attached to a text field: keeps it as it is where more is pasted or dropped than a message holds.
 * @param refused called with what to tell the person
 */
export function heldBack(refused: (why: string) => void): (field: HTMLTextAreaElement) => () => void {
  return (field) => {
    const look = (event: Event, data: DataTransfer | null): void => {
      const pasted = data?.getData('text').length ?? 0;
      const chosen = event.type === 'paste' ? field.selectionEnd - field.selectionStart : 0;
      const why = whyHeldBack(field.textLength - chosen + pasted, pasted);
      if (why === undefined) return;
      event.preventDefault();
      refused(why);
    };
    const ending = new AbortController();
    const { signal } = ending;
    field.addEventListener('paste', (event) => look(event, event.clipboardData), { signal });
    field.addEventListener('drop', (event) => look(event, event.dataTransfer), { signal });
    return () => ending.abort();
  };
}
