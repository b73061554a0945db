/**
 * Shares one event stream among all pages of a browser, which opens only six connections to a hub over HTTP/1.1, and
 * limits the answers that they receive at once. It lives in a shared worker, so that no page leads: any of them may
 * close, crash or be frozen.
 */
import { applyEvent, emptyGrid, snapshotOf } from '../live/grid.ts';
import { AnswerLimit } from './answerLimit.ts';
import type { FeedMessage, PageMessage, StreamMessage, StreamState } from './messages.ts';

/** A page that says nothing for so long is gone or frozen, in milliseconds. Hidden pages speak once a minute. */
const longestSilenceMs = 150_000;

/** A page, as far as it is spoken to. */
export interface PagePort {
  postMessage(message: FeedMessage): void;
}

export type OpenStream = (address: string, tell: (message: StreamMessage) => void) => () => void;

export class StreamSharer {
  readonly #open: OpenStream;
  /** When each page spoke last, in Unix milliseconds. */
  readonly #pages = new Map<PagePort, number>();
  readonly #limit = new AnswerLimit<PagePort>();
  #grid = emptyGrid();
  #hasSnapshot = false;
  #state: StreamState = 'connecting';
  #close: (() => void) | undefined;

  constructor(open: OpenStream) {
    this.#open = open;
  }

  /** Takes what a page says. A page that was dropped and speaks again is told everything anew. */
  take(page: PagePort, message: PageMessage, now = Date.now()): void {
    if (message.type === 'leave') {
      this.#drop(page);
      return;
    }
    if (!this.#pages.has(page)) this.#welcome(page);
    this.#pages.set(page, now);
    this.#close ??= this.#open(message.address, (told) => this.#hear(told));
    page.postMessage({ type: 'pong' });
    this.#limitAnswers(page, message.answers);
  }

  /** Drops pages that have been silent for long. To be called from time to time. */
  dropSilent(now = Date.now()): void {
    for (const [page, spokeAt] of this.#pages) if (now - spokeAt > longestSilenceMs) this.#drop(page);
  }

  #welcome(page: PagePort): void {
    page.postMessage({ type: 'state', state: this.#state });
    if (!this.#hasSnapshot) return;
    page.postMessage({ type: 'event', event: { type: 'snapshot', snapshot: snapshotOf(this.#grid) } });
  }

  #hear(message: StreamMessage): void {
    if (message.type === 'state') this.#state = message.state;
    else {
      applyEvent(this.#grid, message.event);
      this.#hasSnapshot ||= message.event.type === 'snapshot';
    }
    this.#tellAll(message);
  }

  #limitAnswers(page: PagePort, answers: readonly string[]): void {
    if (this.#limit.want(page, answers)) this.#tellAll({ type: 'admitted', answers: this.#limit.admitted });
  }

  #tellAll(message: FeedMessage): void {
    for (const page of this.#pages.keys()) page.postMessage(message);
  }

  /** With the last page the stream ends, and what it told is forgotten. */
  #drop(page: PagePort): void {
    this.#pages.delete(page);
    this.#limitAnswers(page, []);
    if (this.#pages.size > 0) return;
    this.#close?.();
    this.#close = undefined;
    this.#grid = emptyGrid();
    this.#hasSnapshot = false;
    this.#state = 'connecting';
  }
}
