/** The event bus of a single hub: in memory. */
import { randomBytes } from 'node:crypto';
import type { EventBus, JournalEvent } from './eventBus.ts';

export interface EmbeddedEventBusInit {
  /** Events that the journal keeps. Default 2000: minutes of a busy grid. */
  journalLength?: number;
}

const defaultJournalLength = 2000;

export function embeddedEventBus(init: EmbeddedEventBusInit = {}): EventBus {
  const { journalLength = defaultJournalLength } = init;
  const run = randomBytes(6).toString('hex');
  const listeners = new Set<(event: JournalEvent) => void>();
  const journal: JournalEvent[] = [];
  let last = 0;
  return {
    publish: async (event) => {
      const entry = { id: `${run}-${++last}`, event };
      journal.push(entry);
      if (journal.length > journalLength) journal.shift();
      for (const listener of [...listeners]) listener(entry);
    },
    lastId: async () => `${run}-${last}`,
    since: async (id) => {
      const [ofRun, number] = id.split('-');
      const missed = last - Number(number);
      if (ofRun !== run || !Number.isInteger(missed) || missed < 0 || missed > journal.length)
        return undefined;
      return missed === 0 ? [] : journal.slice(-missed);
    },
    subscribe: async (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
