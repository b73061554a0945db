/**
 * What arrived on workers' sockets and is still to be dealt with. However much one worker sends, the others, and whoever asks
 * the hub something, get their turn in between.
 */
import { turnHasTime } from '../fairness/turnTime.ts';
import { Budget } from './budget.ts';
import type { WorkerSocket } from './workerRegistry.ts';

/** Who deals with what arrives on one socket. */
export interface InboxReader {
  /** @returns what the message cost, of `budget` */
  receive(message: string | Uint8Array): number;
  /**
   * The socket closed; called once, when everything that came before has been dealt with.
   * @param reason empty where none was given
   */
  ended(reason: string): void;
}

/** A message of a session costs 1; a last stage that serves dozens of sessions sends some hundred a second. */
const budget = { perSecond: 2000, capacity: 4000 };
/** A socket with as many messages that wait for their turn is not read before all had it. */
const mostWaiting = 100;

/** The inboxes of all workers; those with messages take turns, one message each. */
export class Inboxes {
  readonly #waiting = new Set<Inbox>();
  #isScheduled = false;

  open(socket: Pick<WorkerSocket, 'pause' | 'resume'>, reader: InboxReader): Inbox {
    return new Inbox(socket, reader, (inbox) => {
      this.#waiting.add(inbox);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    // A set goes on with what is added meanwhile: who has more goes to its end.
    for (const inbox of this.#waiting) {
      this.#waiting.delete(inbox);
      if (inbox.readOne()) this.#waiting.add(inbox);
      if (!turnHasTime()) break;
    }
    if (this.#waiting.size > 0) this.#schedule();
  }
}

export class Inbox {
  readonly #socket: Pick<WorkerSocket, 'pause' | 'resume'>;
  readonly #reader: InboxReader;
  readonly #hasMail: (inbox: Inbox) => void;
  readonly #budget = new Budget(budget, performance.now());
  #messages: (string | Uint8Array)[] = [];
  #endedBecause: string | undefined;
  /** Until the budget is refilled. */
  #rest: NodeJS.Timeout | undefined;
  #isPaused = false;

  constructor(
    socket: Pick<WorkerSocket, 'pause' | 'resume'>,
    reader: InboxReader,
    hasMail: (inbox: Inbox) => void,
  ) {
    this.#socket = socket;
    this.#reader = reader;
    this.#hasMail = hasMail;
  }

  /** Something arrived. A socket that is not read any more still delivers what had come already: one read of it. */
  deliver(message: string | Uint8Array): void {
    this.#messages.push(message);
    if (this.#messages.length >= mostWaiting) this.#pause();
    if (!this.#rest) this.#hasMail(this);
  }

  /** The socket closed. What it sent beyond its budget is not dealt with any more. @param reason empty where none was given */
  end(reason: string): void {
    if (this.#rest) {
      clearTimeout(this.#rest);
      this.#rest = undefined;
      this.#messages = [];
    }
    this.#endedBecause = reason;
    this.#hasMail(this);
  }

  /** @returns whether there is more to deal with now */
  readOne(): boolean {
    const message = this.#messages.shift();
    if (message === undefined) {
      this.#resume();
      if (this.#endedBecause !== undefined) this.#reader.ended(this.#endedBecause);
      return false;
    }
    const restMs = this.#budget.take(this.#reader.receive(message), performance.now());
    if (restMs > 0 && this.#endedBecause === undefined) {
      this.#restFor(restMs);
      return false;
    }
    return true;
  }

  #restFor(milliseconds: number): void {
    this.#pause();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#hasMail(this);
    }, milliseconds);
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }
}
