/** What every event bus does. */
import { expect, test } from 'vitest';
import type { LiveEvent } from '@potluck/api';
import type { EventBus, JournalEvent } from '../live/eventBus.ts';

const event = (number: number): LiveEvent => ({ type: 'model-removed', id: `model-${number}` });

/** @param make makes a bus whose journal keeps so many events */
export function runEventBusTests(make: (journalLength: number) => EventBus): void {
  test('all who watch hear of every event in order, until they stop', async () => {
    const bus = make(10);
    const heard: JournalEvent[] = [];
    const stop = await bus.subscribe((one) => heard.push(one));
    await bus.publish(event(1));
    await bus.publish(event(2));
    stop();
    await bus.publish(event(3));
    expect(heard.map((one) => one.event)).toEqual([event(1), event(2)]);
    expect(new Set(heard.map(({ id }) => id)).size).toBe(2);
  });

  test('who was away gets what was missed, as long as the journal has it', async () => {
    const bus = make(3);
    const start = await bus.lastId();
    for (const number of [1, 2, 3]) await bus.publish(event(number));
    const missed = await bus.since(start);
    expect(missed?.map((one) => one.event)).toEqual([1, 2, 3].map(event));
    expect(await bus.since(missed?.[1]?.id ?? '')).toEqual(missed?.slice(2));
    expect(await bus.since(await bus.lastId())).toEqual([]);
    await bus.publish(event(4));
    expect(await bus.since(start)).toBeUndefined();
  });

  test('an id of another run, or none at all, is not known', async () => {
    const bus = make(3);
    await make(3).publish(event(1));
    for (const id of ['', 'nonsense', 'abc-1', '-5', `${await bus.lastId()}9`, await make(3).lastId()]) {
      expect(await bus.since(id), id).toBeUndefined();
    }
  });
}
