/** Cuts an answer's stream behind whole events and counts them: whoever asks again says how many came. */
import { Buffer } from 'node:buffer';
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
  #rest: Buffer = Buffer.alloc(0);
  #read: readonly number[];

  constructor(init: WholeEventsInit) {
    this.#init = init;
    this.#read = init.read;
  }

  /** How many whole events of each answer have come. */
  get read(): readonly number[] {
    return this.#read;
  }

  /** @returns what the client gets of it now */
  take(chunk: Buffer): Buffer {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const { format } = this.#init;
    const separator = format === 'events' ? '\n\n' : '\n';
    const at = all.lastIndexOf(separator);
    const end = at < 0 ? 0 : at + separator.length;
    this.#rest = all.subarray(end);
    const whole = all.subarray(0, end);
    if (format === 'lines') {
      const [read = 0] = this.#read;
      this.#read = [read + whole.filter((byte) => byte === 0x0a).length];
      return whole;
    }
    return this.#numbered(whole);
  }

  /** What is left of an event that was cut off comes again with the rest of the answer. */
  forget(): void {
    this.#rest = Buffer.alloc(0);
  }

  #numbered(whole: Buffer): Buffer {
    if (!whole.includes('id: ')) return whole;
    // As bytes: characters may be cut only where they are not looked at.
    const text = whole.toString('latin1');
    for (const [, id = ''] of text.matchAll(numberLine)) this.#read = readEventId(id) ?? this.#read;
    return this.#init.showsNumbers ? whole : Buffer.from(text.replaceAll(numberLine, ''), 'latin1');
  }
}
