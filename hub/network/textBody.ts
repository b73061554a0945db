/** The body of an answer that grows, such as a stream of events. */
import { Buffer } from 'node:buffer';

/** Where a body goes. */
export interface TextSink {
  write(text: string): void;
  end(): void;
  /** Bytes that nobody has read yet. */
  readonly unreadBytes: number;
}

const bodies = new WeakMap<ReadableStream, TextBody>();

/** @returns undefined where the stream is none of a `TextBody`, or somebody reads it already */
export function textBodyOf(stream: ReadableStream | null): TextBody | undefined {
  const body = stream ? bodies.get(stream) : undefined;
  return body?.isTaken === false ? body : undefined;
}

/**
 * A text that is written in small pieces. Where it is sent over HTTP it goes straight to the connection (`sendTexts`): the web's streams
 * would cost more than a token does else. Whoever does not know of this reads `stream`, as of any response.
 */
export class TextBody implements TextSink {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #onCancel: () => void;
  /** What was written before anybody took it. */
  #early: string[] = [];
  #earlyBytes = 0;
  #sink: TextSink | undefined;
  #isOver = false;

  /** @param onCancel called when the reader goes away before the end */
  constructor(onCancel: () => void) {
    this.#onCancel = onCancel;
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (!this.#sink) this.take(streamSink(controller));
        },
        cancel: () => this.cancel(),
      },
      { highWaterMark: 0, size: ({ byteLength }) => byteLength },
    );
    bodies.set(this.stream, this);
  }

  get isTaken(): boolean {
    return this.#sink !== undefined;
  }

  /** True once it has ended, or its reader went away. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get unreadBytes(): number {
    return this.#sink?.unreadBytes ?? this.#earlyBytes;
  }

  /** Nothing happens once it is over. */
  write(text: string): void {
    if (this.#isOver || text === '') return;
    if (this.#sink) {
      this.#sink.write(text);
      return;
    }
    this.#early.push(text);
    this.#earlyBytes += Buffer.byteLength(text);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink?.end();
  }

  /** The reader went away. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onCancel();
  }

  /** All of it goes there, from the beginning. Called once. */
  take(sink: TextSink): void {
    this.#sink = sink;
    if (this.#early.length > 0) sink.write(this.#early.join(''));
    this.#early = [];
    if (this.#isOver) sink.end();
  }
}

function streamSink(controller: ReadableStreamDefaultController<Uint8Array>): TextSink {
  const encoder = new TextEncoder();
  return {
    write: (text) => controller.enqueue(encoder.encode(text)),
    end: () => controller.close(),
    get unreadBytes() {
      return -(controller.desiredSize ?? 0);
    },
  };
}
