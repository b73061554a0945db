/** Where live events go: from the parts of the hub to all who watch, with a journal for those who were away. */
import type { LiveEvent } from '@potluck/api';

/** An event in its place in the journal. */
export interface JournalEvent {
  /** Unique, also over restarts of the hub. */
  id: string;
  event: LiveEvent;
}

export interface EventBus {
  /** Puts an event into the journal and tells all who watch. Called by the live state. */
  publish(event: LiveEvent): Promise<void>;
  /** Id of the last event. */
  lastId(): Promise<string>;
  /** What came after an event, oldest first; undefined if the journal does not reach back so far. */
  since(id: string): Promise<JournalEvent[] | undefined>;
  /** @returns a function that ends the watching */
  subscribe(listener: (event: JournalEvent) => void): Promise<() => void>;
}
