/** Responses that go on, for those who ask for them meanwhile. */
import type { InputItem } from './inputItems.ts';
import type { ResponseEvent, ResponseObject } from './responseShapes.ts';
import { ResponseWriter, type Piece, type WritingOptions } from './responseWriter.ts';

/** From what the events of a response are made again. */
export interface ResponseReplay {
  begun: ResponseObject;
  options: WritingOptions;
  pieces: Piece[];
}

export interface RunningResponseInit {
  owner: string;
  /** The input's items, each with its id. */
  input: InputItem[];
  begun: ResponseObject;
  options: WritingOptions;
  cancel: () => void;
}

/** One response as it grows. */
export class RunningResponse {
  readonly #init: RunningResponseInit;
  /** Where somebody may follow it, all that came of it. */
  readonly #pieces: Piece[] | undefined;
  readonly #writer: ResponseWriter;
  /** The events before anything of the answer is there. */
  readonly beginning: ResponseEvent[];
  readonly #ended = Promise.withResolvers<void>();
  #grew = Promise.withResolvers<void>();
  #hasBegun = false;
  #isOver = false;

  constructor(init: RunningResponseInit) {
    this.#init = init;
    this.#pieces = init.begun.background ? [] : undefined;
    this.#writer = new ResponseWriter(init.begun, init.options);
    this.beginning = this.#writer.begin();
  }

  get owner(): string {
    return this.#init.owner;
  }

  get input(): InputItem[] {
    return this.#init.input;
  }

  /** As it is now. */
  get response(): ResponseObject {
    return this.#hasBegun ? this.#writer.response : this.#init.begun;
  }

  /** Undefined where nobody may follow it. */
  get replay(): ResponseReplay | undefined {
    const { begun, options } = this.#init;
    return this.#pieces && { begun, options, pieces: this.#pieces };
  }

  /** Resolves when it has ended and is kept. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  cancel(): void {
    this.#init.cancel();
  }

  /** @returns the events of the piece */
  add(piece: Piece): ResponseEvent[] {
    this.#hasBegun = true;
    this.#pieces?.push(piece);
    const events = this.#writer.add(piece);
    this.#grew.resolve();
    this.#grew = Promise.withResolvers();
    return events;
  }

  end(): void {
    this.#isOver = true;
    this.#grew.resolve();
    this.#ended.resolve();
  }

  /** All pieces from the first on, and those that are still to come. */
  async *follow(): AsyncGenerator<Piece, void, void> {
    for (let next = 0; ;) {
      const piece = this.#pieces?.[next];
      if (piece) {
        next++;
        yield piece;
      } else if (this.#isOver) return;
      else await this.#grew.promise;
    }
  }
}

/** Those of one hub, by id. Nobody finds another's. */
export class RunningResponses {
  readonly #byId = new Map<string, RunningResponse>();

  find(owner: string, id: string): RunningResponse | undefined {
    const running = this.#byId.get(id);
    return running?.owner === owner ? running : undefined;
  }

  add(id: string, running: RunningResponse): void {
    this.#byId.set(id, running);
    void running.ended.then(() => this.#byId.delete(id));
  }
}
