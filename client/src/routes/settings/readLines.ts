/** Addresses as a person writes them in the settings: one per line. */
import { fail } from '#lib/hub/fail.ts';

/**
 * Sites whose pages may use the API.
 * @throws Error naming the first line that has anything else
 */
export function readOrigins(text: string): string[] {
  return readLines(
    text,
    isOrigin,
    (line) =>
      `The line “${line}” isn’t the address of a site. Write it such as https://chat.example.org, without a path.`,
  );
}

/** @throws Error naming the first line that has anything else */
export function readTurnUrls(text: string): string[] {
  return readLines(
    text,
    (url) => url.length <= 300 && turnUrl.test(url),
    (line) =>
      `The line “${line}” isn’t the address of a TURN server. Write it such as turn:turn.example.org:3478.`,
  );
}

function readLines(
  text: string,
  isRight: (part: string) => boolean,
  explain: (line: string) => string,
): string[] {
  return text.split('\n').flatMap((line) => {
    const parts = line.split(/[\s,]+/).filter((part) => part !== '');
    if (!parts.every(isRight)) fail(explain(line.trim()));
    return parts;
  });
}

/** As `Origin` of the API has it. */
function isOrigin(text: string): boolean {
  return text.length <= 300 && /^https?:/.test(text) && URL.parse(text)?.origin === text;
}

/** As `TurnUrl` of the API has it. */
const turnUrl = /^turns?:(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?$/i;
