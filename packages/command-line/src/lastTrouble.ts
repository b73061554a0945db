/** Remembers the last lines of a log that say warn, error or fatal, for whoever asks what went wrong. */
import type { DestinationStream } from 'pino';

const mostLines = 50;
const mostCharacters = 2000;

export class LastTrouble implements DestinationStream {
  #lines: string[] = [];

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Called by the logger, for lines of these levels only. */
  write(line: string): void {
    this.#lines.push(line.trimEnd().slice(0, mostCharacters));
    if (this.#lines.length > mostLines) this.#lines.shift();
  }
}
