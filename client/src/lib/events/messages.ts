/** What pages and the shared worker that holds their event stream say to each other. */
import type { LiveEvent } from '@potluck/api';

/** Of the connection to the hub. `refused`: the hub answered with an error, such as "log in". */
export type StreamState = 'connecting' | 'open' | 'lost' | 'refused';

/** What a page is told. */
export type FeedMessage =
  | { type: 'event'; event: LiveEvent }
  | { type: 'state'; state: StreamState }
  /** Answers each `ping`: the worker lives. */
  | { type: 'pong' };

/** What a page says to the worker. */
export type PageMessage =
  /** Wants the events from now on, and is still there. Sent first, and then again and again. */
  | { type: 'ping'; address: string }
  /** Goes away, or rests in the browser's history. */
  | { type: 'leave' };

/** Pause between two pings of a page, in milliseconds. Hidden pages are slowed down to one a minute. */
export const pingEveryMs = 5_000;
