/** What pages and the shared worker that holds their event stream say to each other. */
import type { LiveEvent } from '@potluck/api';

/** Of the connection to the hub. `stopping`: the hub said that it stops, and the connection ends; `refused`: the hub answered with an error, such as "log in". */
export type StreamState = 'connecting' | 'open' | 'stopping' | 'lost' | 'refused';

/** What a stream tells. */
export type StreamMessage = { type: 'event'; event: LiveEvent } | { type: 'state'; state: StreamState };

/** What a page is told. */
export type FeedMessage =
  | StreamMessage
  /** Ids of the answers that may come now, of whatever page. Sent to all pages at each change. */
  | { type: 'admitted'; answers: string[] }
  /** Answers each `ping`: the worker lives. */
  | { type: 'pong' };

/** What a page says to the worker. */
export type PageMessage =
  /**
   * Wants the events from now on, and is still there. Sent first, then again and again, and when `answers` change.
   * @param answers ids of all answers that the page receives or waits for
   */
  | { type: 'ping'; address: string; answers: string[] }
  /** Goes away, or rests in the browser's history. */
  | { type: 'leave' };

/** Pause between two pings of a page, in milliseconds. Hidden pages are slowed down to one a minute. */
export const pingEveryMs = 5_000;
