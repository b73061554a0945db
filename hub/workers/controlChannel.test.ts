import { randomUUID } from 'node:crypto';
import { WorkerId, decodeRelay, encodeRelay, protocolVersion } from '@potluck/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestHub, type TestHub } from '../testing/testHub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await startTestHub();
});
afterEach(() => hub.close());

const joined = (): string[] => [...hub.registry.table.values()].map(({ name }) => name);

test('a worker with the token is welcomed and told how to signal', async () => {
  const worker = hub.worker('one');
  const welcome = await worker.message('welcome');
  expect(welcome).toMatchObject({
    protocolVersion,
    leaseMs: 15_000,
    signalling: { path: '/peerjs', key: 'peerjs' },
  });
  expect(joined()).toEqual(['one']);
});

test.each([
  ['a wrong token', { token: 'wrong' }, 'bad-token', /token is wrong/],
  ['another protocol', { protocolVersion: 99 }, 'version-mismatch', /update the hub/],
  [
    'a tab from before',
    { protocolVersion: 1, kind: 'browser' as const },
    'version-mismatch',
    /reload this page/,
  ],
])('%s is refused with a reason', async (_what, hello, code, says) => {
  const worker = hub.worker('one', { hello });
  const refusal = await worker.message('refusal');
  expect(refusal).toMatchObject({ code, retry: false });
  expect(refusal.message).toMatch(says);
  await worker.closed;
  expect(joined()).toEqual([]);
});

test('a second instance with the same id is refused while the first is here', async () => {
  const workerId = WorkerId.parse(randomUUID());
  const first = hub.worker('one', { hello: { workerId } });
  await first.message('welcome');
  const second = hub.worker('two', { hello: { workerId } });
  expect(await second.message('refusal')).toMatchObject({ code: 'worker-id-taken' });
  expect(joined()).toEqual(['one']);
});

test('the same instance that comes back replaces its old socket', async () => {
  const first = hub.worker('one');
  await first.message('welcome');
  const { instanceId } = hub.registry.table.get(first.id) ?? {};
  if (!instanceId) throw new Error('the worker is not here');
  const again = hub.worker('one', { hello: { workerId: first.id, instanceId } });
  await again.message('welcome');
  await first.closed;
  expect(joined()).toEqual(['one']);
  again.send({ type: 'renew' });
  expect(hub.registry.table.has(first.id)).toBe(true);
});

test.each([
  ['text that is no JSON', '{'],
  ['a message of the hub', JSON.stringify({ type: 'welcome' })],
  ['a second hello', JSON.stringify({ type: 'hello' })],
  ['a slice without a receiver', new Uint8Array(3)],
  ['a slice for an id that is none', new Uint8Array(40)],
])('%s ends the socket it came on, and no other', async (_what, data) => {
  const [bad, good] = [hub.worker('bad'), hub.worker('good')];
  await Promise.all([bad.message('welcome'), good.message('welcome')]);
  bad.sendRaw(data);
  if (!(data instanceof Uint8Array && data.byteLength === 40)) {
    expect(await bad.message('refusal')).toMatchObject({ code: 'bad-message', retry: true });
    await bad.closed;
    expect(joined()).toEqual(['good']);
  }
  good.send({ type: 'renew' });
  expect(joined()).toContain('good');
});

test('a message that is too large ends its socket', async () => {
  const worker = hub.worker('one');
  await worker.message('welcome');
  worker.sendRaw(JSON.stringify({ type: 'renew', padding: 'x'.repeat(5 * 1024 * 1024) }));
  expect((await worker.closed).code).toBe(1009);
  expect(joined()).toEqual([]);
});

/** Instead of the hub of the other tests, which is patient. */
const impatientHub = async (): Promise<void> => {
  await hub.close();
  hub = await startTestHub({ leaseMs: 300 });
};

test('the lease ends with silence', async () => {
  await impatientHub();
  const worker = hub.worker('one');
  await worker.message('welcome');
  await worker.closed;
  expect(joined()).toEqual([]);
});

test('a hub that was busy listens first to what was said meanwhile', async () => {
  await impatientHub();
  const worker = hub.worker('one');
  await worker.message('welcome');
  const end = performance.now() + 1200;
  while (performance.now() < end);
  await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve));
  expect(joined()).toEqual(['one']);
  // Silence still counts afterwards.
  await worker.closed;
});

test('a worker that says goodbye is gone at once', async () => {
  const worker = hub.worker('one');
  await worker.message('welcome');
  worker.send({ type: 'goodbye', reason: 'lunch' });
  await worker.closed;
  expect(joined()).toEqual([]);
});

test('slices are relayed between stages of a pipeline, with their sender, and to nobody else', async () => {
  // Two hold the model together; the third is too small to be of use.
  const [one, two, other] = [
    hub.worker('one', { memoryBytes: 74e6 }),
    hub.worker('two', { memoryBytes: 74e6 }),
    hub.worker('other', { memoryBytes: 1e6 }),
  ];
  await Promise.all([hub.served(), other.message('welcome')]);
  one.sendRaw(encodeRelay(other.id, Uint8Array.of(1)));
  one.sendRaw(encodeRelay(two.id, Uint8Array.of(2)));
  const relayed = await two.until(() => two.receivedBinary[0]);
  expect(decodeRelay(relayed)).toEqual({ peer: one.id, slice: Uint8Array.of(2) });
  expect(other.receivedBinary).toEqual([]);
});

test('many slices arrive whole and in order, more than may be on their way at once', async () => {
  const [one, two] = [hub.worker('one', { memoryBytes: 74e6 }), hub.worker('two', { memoryBytes: 74e6 })];
  await hub.served();
  const count = 400;
  for (let index = 0; index < count; index++) {
    const slice = new Uint8Array(60_000);
    new DataView(slice.buffer).setUint32(0, index);
    one.sendRaw(encodeRelay(two.id, slice));
  }
  await two.until(() => (two.receivedBinary.length === count ? true : undefined));
  const order = two.receivedBinary.map((bytes) => {
    const { slice } = decodeRelay(bytes);
    return new DataView(slice.buffer, slice.byteOffset).getUint32(0);
  });
  expect(order).toEqual(Array.from({ length: count }, (_, index) => index));
});

test('while one worker floods the hub, the others are answered, and nobody is dropped', async () => {
  const [flooder, bystander] = [hub.worker('flooder'), hub.worker('bystander')];
  await Promise.all([flooder.message('welcome'), bystander.message('welcome')]);
  const report = { type: 'peer-report', peer: bystander.id, state: 'direct' } as const;
  for (let count = 0; count < 1000; count++) flooder.send(report);
  flooder.send({ type: 'renew' });
  // Everything of the flood is on its way before the bystander says anything.
  await flooder.flushed();
  for (let count = 0; count < 10; count++) {
    const before = bystander.received.length;
    bystander.send({ type: 'renew' });
    await bystander.until(() => bystander.received[before]);
  }
  expect(flooder.received.filter(({ type }) => type === 'renewed')).toEqual([]);
  expect(joined()).toEqual(['flooder', 'bystander']);
});

test('what a worker says of the way to one that is not its neighbour is not kept', async () => {
  const [one, two, other] = [
    hub.worker('one', { memoryBytes: 74e6 }),
    hub.worker('two', { memoryBytes: 74e6 }),
    hub.worker('other', { memoryBytes: 1e6 }),
  ];
  await Promise.all([hub.served(), other.message('welcome')]);
  for (const peer of [other.id, two.id]) one.send({ type: 'peer-report', peer, state: 'direct' });
  one.send({ type: 'renew' });
  await one.message('renewed');
  const { table } = hub.registry;
  expect([...(table.get(one.id)?.peers.keys() ?? [])]).toEqual([two.id]);
});
