import { describe, expect, it } from 'vitest';
import { RunQueue, type RunPriority } from './runQueue.ts';

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
});
