/** Reads a hub's live events in tests. */
import type { LiveEvent } from '@potluck/api';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { TestHub } from './testHub.ts';

export class EventReader {
  readonly #controller: AbortController;
  readonly #reader: ReadableStreamDefaultReader<{ id?: string | undefined; data: string }>;
  lastId = '';

  private constructor(
    controller: AbortController,
    reader: ReadableStreamDefaultReader<{ id?: string | undefined; data: string }>,
  ) {
    this.#controller = controller;
    this.#reader = reader;
  }

  static async open(
    hub: Pick<TestHub, 'url'>,
    lastId?: string,
    headers: Record<string, string> = {},
  ): Promise<EventReader> {
    const controller = new AbortController();
    const response = await fetch(`${hub.url}/api/events`, {
      signal: controller.signal,
      headers: { ...headers, ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
    });
    if (!response.body) throw new Error('no events');
    const events = response.body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
      .pipeThrough(new EventSourceParserStream());
    return new EventReader(controller, events.getReader());
  }

  async next(): Promise<LiveEvent> {
    const { value } = await this.#reader.read();
    if (!value) throw new Error('the events ended');
    this.lastId = value.id ?? this.lastId;
    return JSON.parse(value.data) as LiveEvent;
  }

  /** Reads on to the first event that fits. */
  async until<T extends LiveEvent['type']>(
    type: T,
    fits: (event: Extract<LiveEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<LiveEvent, { type: T }>> {
    for (;;) {
      const event = await this.next();
      if (event.type === type && fits(event as Extract<LiveEvent, { type: T }>)) {
        return event as Extract<LiveEvent, { type: T }>;
      }
    }
  }

  close(): void {
    this.#controller.abort();
  }
}
