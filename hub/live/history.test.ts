import { expect, test } from 'vitest';
import type { HistoryEvent } from '@potluck/api';
import { History } from './history.ts';

test('a node that comes and goes all the time fills nothing and keeps no other kind out', () => {
  const events: Omit<HistoryEvent, 'id'>[] = [];
  const trims: number[] = [];
  const clock = { now: 1_000_000 };
  const history = new History({
    store: {
      add: (event) => Promise.resolve(void events.push(event)),
      trim: (most) => Promise.resolve(void trims.push(most)),
    },
    write: (_, write) => void write(),
    now: () => clock.now,
  });
  for (let times = 0; times < 5000; times += 1) history.note('node-joined', { node: 'x'.repeat(1000) });
  history.note('settings-changed', { actor: 'local', detail: { settings: 'trustLocal' } });
  expect(events).toHaveLength(102);
  expect(events[100]).toMatchObject({ kind: 'node-joined', node: null, detail: { more: 'yes' } });
  expect(events[0]?.node).toHaveLength(300);
  expect(events.at(-1)).toMatchObject({ kind: 'settings-changed', actor: 'local' });
  for (let minute = 0; minute < 5; minute += 1) {
    clock.now += 60_000;
    for (let times = 0; times < 100; times += 1) history.note('node-left');
  }
  expect(trims).toEqual([10_000]);
});
