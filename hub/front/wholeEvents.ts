/** Cuts an answer's stream behind whole events and counts them: whoever asks again says how many came. */
import type { Buffer } from 'node:buffer';
import { readEventId } from '../http/inference/eventsRead.ts';

export interface WholeEventsInit {
  format: 'events' | 'lines';
  /** Events that came before, of each answer. */
  read: readonly number[];
  /** True where the client is to see the numbers of the events. */
  showsNumbers: boolean;
}

const numberLine = /^id: ([\d.]+)\n/gm;

export class WholeEvents {
  readonly #init: WholeEventsInit;
  #rest = '';
  #read: readonly number[];

  constructor(init: WholeEventsInit) {
    this.#init = init;
    this.#read = init.read;
  }

  /** How many whole events of each answer have come. */
  get read(): readonly number[] {
    return this.#read;
  }

  /**
   * @returns what the client gets of it now, as `latin1`, which is a letter for each byte: characters are cut only where nobody looks at
   *   them, and strings are cheaper than small buffers
   */
  take(chunk: Buffer): string {
    const all = this.#rest + chunk.toString('latin1');
    const { format } = this.#init;
    const separator = format === 'events' ? '\n\n' : '\n';
    const at = all.lastIndexOf(separator);
    const end = at < 0 ? 0 : at + separator.length;
    this.#rest = all.slice(end);
    const whole = all.slice(0, end);
    if (format === 'lines') {
      const [read = 0] = this.#read;
      this.#read = [read + whole.split('\n').length - 1];
      return whole;
    }
    return this.#numbered(whole);
  }

  /** What is left of an event that was cut off comes again with the rest of the answer. */
  forget(): void {
    this.#rest = '';
  }

  #numbered(whole: string): string {
    if (!whole.includes('id: ')) return whole;
    return whole.replaceAll(numberLine, (line, id: string) => {
      this.#read = readEventId(id) ?? this.#read;
      return this.#init.showsNumbers ? line : '';
    });
  }
}
