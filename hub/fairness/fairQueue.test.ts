import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairQueue } from './fairQueue.ts';

/** Takes all, each when its turn comes. */
function drain(queue: FairQueue<string>): string[] {
  const order: string[] = [];
  for (let [next] = queue.heads(); next !== undefined; [next] = queue.heads()) {
    queue.take(next);
    order.push(next);
  }
  return order;
}

test('an entry knows its place, sides by turns, until it is taken', () => {
  const queue = new FairQueue<string>();
  for (const item of ['a1', 'a2']) queue.add(item, 'a', 1);
  queue.add('b1', 'b', 1);
  expect(['a1', 'b1', 'a2', 'none'].map((item) => queue.placeOf(item))).toEqual([1, 2, 3, undefined]);
  queue.take('a1');
  expect(['a1', 'b1', 'a2'].map((item) => queue.placeOf(item))).toEqual([undefined, 1, 2]);
});

test('one who puts in many waits behind one who puts in one', () => {
  const queue = new FairQueue<string>();
  for (let index = 0; index < 50; index++) queue.add(`a${index}`, 'a', 10);
  queue.take('a0');
  queue.take('a1');
  queue.add('b', 'b', 10);
  expect(drain(queue).slice(0, 3)).toEqual(['b', 'a2', 'a3']);
});

test('where several entries of one side go, the others keep their turns', () => {
  const queue = new FairQueue<string>();
  for (const item of ['a0', 'a1', 'x0', 'x1', 'a2']) queue.add(item, 'a', 10);
  queue.take('a0');
  for (const item of ['b0', 'x2', 'b1']) queue.add(item, 'b', 5);
  queue.removeWhere((item) => item.startsWith('x'));
  expect(queue.size).toBe(4);
  // The first side has had its turn already.
  expect(drain(queue)).toEqual(['b0', 'b1', 'a1', 'a2']);
});

test('turns are shared by what they cost', () => {
  const queue = new FairQueue<string>();
  for (let index = 0; index < 4; index++) queue.add('A', 'large', 30);
  for (let index = 0; index < 12; index++) queue.add('b', 'small', 10);
  expect(drain(queue).join('')).toMatch(/^AbbbAbbbAbbbAbbb$/);
});

test('one who comes back each time does not overtake one who waits', () => {
  const queue = new FairQueue<string>();
  queue.add('waiting', 'c', 1);
  const order: string[] = [];
  for (let round = 0; round < 3; round++) {
    queue.add(`a${round}`, 'a', 1);
    queue.add(`b${round}`, 'b', 1);
    const [next = ''] = queue.heads();
    queue.take(next);
    order.push(next);
  }
  expect(order[0]).toBe('waiting');
});

test('each entry comes out once, those of one side in the order in which they came', () => {
  const entry = fc.record({ share: fc.constantFrom('a', 'b', 'c'), cost: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(entry), fc.integer({ min: 0, max: 30 }), (entries, removed) => {
      const queue = new FairQueue<string>();
      const names = entries.map(({ share }, index) => `${share}${index}`);
      for (const [index, { share, cost }] of entries.entries()) queue.add(names[index] ?? '', share, cost);
      const gone = names[removed];
      if (gone !== undefined) queue.remove(gone);
      const order = drain(queue);
      const kept = names.filter((name) => name !== gone);
      expect([...order].sort()).toEqual([...kept].sort());
      for (const share of ['a', 'b', 'c']) {
        const of = (list: string[]): string[] => list.filter((name) => name.startsWith(share));
        expect(of(order)).toEqual(of(kept));
      }
      expect(queue.size).toBe(0);
    }),
  );
});
