import { describe, expect, it } from 'vitest';
import { RunQueue, type RunBatch, type RunPriority } from './runQueue.ts';

/** A queue whose first task runs until `open` is called, with the names of tasks in the order that they ran. */
function blockedQueue() {
  const queue = new RunQueue();
  const ran: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = queue.run({ priority: 'later', run: () => gate.promise });
  const add = (name: string, priority: RunPriority, orderKey?: object): Promise<void> =>
    queue.run({
      priority,
      orderKey,
      run: async () => {
        ran.push(name);
      },
    });
  return { queue, ran, add, first, open: () => gate.resolve() };
}

describe('RunQueue', () => {
  it('runs one task at a time', async () => {
    const queue = new RunQueue();
    let inside = 0;
    let most = 0;
    const task = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => queue.run({ priority: 'later', run: task })));
    expect(most).toBe(1);
  });

  it('lets decode steps overtake prompt chunks', async () => {
    const { ran, add, open } = blockedQueue();
    const all = [add('chunk 1', 'later'), add('chunk 2', 'later'), add('decode', 'first')];
    open();
    await Promise.all(all);
    expect(ran).toEqual(['decode', 'chunk 1', 'chunk 2']);
  });

  it('keeps the order of tasks with one key', async () => {
    const { ran, add, open } = blockedQueue();
    const [one, other] = [{}, {}];
    const all = [
      add('one: chunk', 'later', one),
      add('one: decode', 'first', one),
      add('other: decode', 'first', other),
    ];
    open();
    await Promise.all(all);
    expect(ran).toEqual(['other: decode', 'one: chunk', 'one: decode']);
  });

  it('lets a prompt chunk go after enough decode steps went before it', async () => {
    const { ran, add, open } = blockedQueue();
    const all = [add('chunk', 'later')];
    for (let step = 0; step < 50; step++) all.push(add('decode', 'first'));
    open();
    await Promise.all(all);
    expect(ran.indexOf('chunk')).toBe(32);
  });

  it('drops abandoned tasks when their turn comes and goes on', async () => {
    const queue = new RunQueue();
    let ran = false;
    const dropped = queue.run({
      priority: 'first',
      abandoned: () => new Error('released'),
      run: async () => {
        ran = true;
      },
    });
    await expect(dropped).rejects.toThrow('released');
    expect(ran).toBe(false);
    await expect(queue.run({ priority: 'first', run: async () => 3 })).resolves.toBe(3);
  });

  it('goes on after a task that throws', async () => {
    const queue = new RunQueue();
    const failed = queue.run({ priority: 'first', run: () => Promise.reject(new Error('no')) });
    const next = queue.run({ priority: 'first', run: async () => 'yes' });
    await expect(failed).rejects.toThrow('no');
    await expect(next).resolves.toBe('yes');
  });

  describe('with tasks of a batch', () => {
    /** A queue that is busy until `open` is called, and a batch whose runs are recorded. */
    function blockedBatch(most: number) {
      const { queue, ran, add, open } = blockedQueue();
      const runs: string[][] = [];
      const batch = (name = ''): RunBatch<string, string> => ({
        most,
        run: async (members) => {
          runs.push(members);
          ran.push(members.join('+'));
          return members.map((member) =>
            member.startsWith('bad')
              ? { status: 'rejected', reason: new Error(`refused ${member}`) }
              : { status: 'fulfilled', value: `${name}${member} done` },
          );
        },
      });
      return { queue, ran, add, open, runs, batch };
    }

    it('runs together what waits, as many as fit, in the order that they came', async () => {
      const { queue, open, runs, batch } = blockedBatch(3);
      const steps = batch();
      const all = ['a', 'b', 'c', 'd'].map((member) =>
        queue.run({ priority: 'first', batch: steps, member }),
      );
      open();
      expect(await Promise.all(all)).toEqual(['a done', 'b done', 'c done', 'd done']);
      expect(runs).toEqual([['a', 'b', 'c'], ['d']]);
    });

    it('takes along who comes in the same turn, and who comes back at once', async () => {
      const { runs, batch } = blockedBatch(3);
      const queue = new RunQueue();
      const steps = batch();
      const goOn = async (member: string): Promise<void> => {
        for (let step = 0; step < 3; step++) await queue.run({ priority: 'first', batch: steps, member });
      };
      await Promise.all(['a', 'b', 'c'].map(goOn));
      expect(runs).toEqual([
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ]);
    });

    it('waits for those who had the last run together, where its batch does', async () => {
      const { queue, open, runs, batch } = blockedBatch(3);
      const patient = { ...batch(), waitMs: 60_000 };
      const step = (member: string) => queue.run({ priority: 'first', batch: patient, member });
      const first = [step('a'), step('b')];
      open();
      await Promise.all(first);
      const second = [step('a')];
      await new Promise((resolve) => setImmediate(resolve));
      second.push(step('b'));
      await Promise.all(second);
      expect(runs).toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]);
    });

    it('goes on without those who do not come back', async () => {
      const { queue, open, runs, batch } = blockedBatch(3);
      const steps = { ...batch(), waitMs: 1 };
      const step = (member: string) => queue.run({ priority: 'first', batch: steps, member });
      const first = [step('a'), step('b')];
      open();
      await Promise.all(first);
      await step('a');
      expect(runs).toEqual([['a', 'b'], ['a']]);
    });

    it('takes no more than a run is best with, and waits for so many', async () => {
      const { queue, open, runs, batch } = blockedBatch(8);
      const patient = { ...batch(), waitMs: 60_000 };
      const step = (member: string) => queue.run({ priority: 'first', batch: patient, member, wanted: 2 });
      const first = ['a', 'b', 'c'].map(step);
      open();
      await Promise.all(first.slice(0, 2));
      await new Promise((resolve) => setImmediate(resolve));
      expect(runs).toEqual([['a', 'b']]);
      await Promise.all([...first, step('d')]);
      expect(runs).toEqual([
        ['a', 'b'],
        ['c', 'd'],
      ]);
    });

    it('puts no two batches, no two priorities and no order key twice into one run', async () => {
      const { queue, ran, add, open, batch } = blockedBatch(8);
      const [one, other] = [batch('one '), batch('other ')];
      const [key, held] = [{}, {}];
      const all = [
        add('chunk', 'later', held),
        queue.run({ priority: 'first', batch: one, member: 'a1', orderKey: key }),
        queue.run({ priority: 'first', batch: one, member: 'a2', orderKey: key }),
        queue.run({ priority: 'first', batch: other, member: 'x' }),
        queue.run({ priority: 'first', batch: one, member: 'behind its chunk', orderKey: held }),
        queue.run({ priority: 'later', batch: one, member: 'chunk of b' }),
        queue.run({ priority: 'first', batch: one, member: 'c' }),
      ];
      open();
      await Promise.all(all);
      expect(ran).toEqual(['a1+c', 'a2', 'x', 'chunk', 'behind its chunk', 'chunk of b']);
    });

    it('gives each member its own end', async () => {
      const { queue, open, runs, batch } = blockedBatch(8);
      const steps = batch();
      const gone = { abandoned: () => new Error('released') };
      const all = [
        queue.run({ priority: 'first', batch: steps, member: 'a' }),
        queue.run({ priority: 'first', batch: steps, member: 'bad' }),
        queue.run({ priority: 'first', batch: steps, member: 'b', ...gone }),
        queue.run({ priority: 'first', batch: steps, member: 'c' }),
      ];
      open();
      expect(await Promise.allSettled(all)).toMatchObject([
        { value: 'a done' },
        { reason: { message: 'refused bad' } },
        { reason: { message: 'released' } },
        { value: 'c done' },
      ]);
      expect(runs).toEqual([['a', 'bad', 'c']]);
    });

    it('lets a prompt chunk go after enough members went before it', async () => {
      const { queue, ran, add, open, batch } = blockedBatch(8);
      const steps = batch();
      const all: Promise<unknown>[] = [add('chunk', 'later')];
      for (let step = 0; step < 50; step++)
        all.push(queue.run({ priority: 'first', batch: steps, member: 's' }));
      open();
      await Promise.all(all);
      expect(ran.indexOf('chunk')).toBe(4);
    });
  });
});
