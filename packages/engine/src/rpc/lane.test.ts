import { afterEach, expect, test, vi } from 'vitest';
import { NoRoomError } from '../errors.ts';
import { callOver, serveOver } from './lane.ts';

const open: MessagePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** Two ends with a channel for each way, so that messages between them can be counted. */
function lane(
  handle: (verb: string, args: readonly unknown[]) => Promise<unknown>,
  onError?: (error: Error) => void,
) {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  const sent = { calls: 0, answers: 0 };
  const count = (port: MessagePort, name: keyof typeof sent): void => {
    const post = port.postMessage.bind(port);
    port.postMessage = ((message: unknown, buffers: Transferable[]) => {
      sent[name]++;
      post(message, buffers);
    }) as MessagePort['postMessage'];
  };
  count(port1, 'calls');
  count(port2, 'answers');
  serveOver(port2, handle, (_, result) => (result instanceof ArrayBuffer ? [result] : []));
  return { caller: callOver(port1, onError), sent, port: port1 };
}

test('calls of one turn cross together, in their order, and so do answers that come together', async () => {
  const order: unknown[] = [];
  const { promise: run, resolve } = Promise.withResolvers<void>();
  const { caller, sent } = lane(async (_, [name]) => {
    order.push(name);
    if (order.length === 3) resolve();
    await run;
    return name;
  });
  const answers = await Promise.all(['a', 'b', 'c'].map((name) => caller.call('step', [name], [])));
  expect(answers).toEqual(order);
  expect(order).toEqual(['a', 'b', 'c']);
  expect(sent).toEqual({ calls: 1, answers: 1 });
});

test('buffers go along both ways, and errors keep their code', async () => {
  const { caller } = lane(async (_, [given]) => {
    if (given instanceof ArrayBuffer) return given;
    throw new NoRoomError('Cache one', 2, 1, 1, 'tokens');
  });
  const buffer = new ArrayBuffer(8);
  expect(await caller.call('step', [buffer], [buffer])).toHaveProperty('byteLength', 8);
  expect(buffer.byteLength).toBe(0);
  await expect(caller.call('step', [], [])).rejects.toMatchObject({ code: 'no-room' });
});

test('what can’t be sent fails by itself, and nothing is left waiting when the lane is closed', async () => {
  const { caller } = lane(async (verb) => (verb === 'drop' ? verb : new Promise(() => undefined)));
  const bad = caller.call('step', [() => 1], []);
  // In the same turn.
  const good = caller.call('drop', [], []);
  await expect(bad).rejects.toThrow();
  expect(await good).toBe('drop');
  const waiting = caller.call('step', [], []);
  caller.close();
  await expect(waiting).rejects.toMatchObject({ code: 'stage-gone' });
  await expect(caller.call('step', [], [])).rejects.toMatchObject({ code: 'stage-gone' });
});

test('when the other thread is lost, what waits and what is called later fails with the reason, and the port stays as it is', async () => {
  const told: Error[] = [];
  const { caller, port } = lane(
    async (verb) => {
      if (verb === 'fail') throw new NoRoomError('Cache one', 2, 1, 1, 'tokens');
      return new Promise(() => undefined);
    },
    (error) => told.push(error),
  );
  await expect(caller.call('fail', [], [])).rejects.toMatchObject({ code: 'no-room' });
  const closed = vi.spyOn(port, 'close');
  const reason = new Error('the thread is gone');
  const waiting = caller.call('step', [], []);
  caller.lose(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(caller.call('step', [], [])).rejects.toBe(reason);
  caller.close();
  expect(closed).not.toHaveBeenCalled();
  // Only what the other thread answered.
  expect(told).toMatchObject([{ code: 'no-room' }]);
});
