import type { CreatedApiKey } from '@potluck/api';
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { embeddedEventBus } from '../../live/embeddedEventBus.ts';
import { askChat } from '../../testing/askChat.ts';
import { api, elsewhere } from '../../testing/apiClient.ts';
import { EventReader } from '../../testing/eventReader.ts';
import { answering, startTestHub, type TestHub } from '../../testing/testHub.ts';
import { streamEvents } from './events.ts';

let hub: TestHub;
const readers: EventReader[] = [];
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  await hub.close();
});
const open = async (lastId?: string): Promise<EventReader> => {
  const reader = await EventReader.open(hub, lastId);
  readers.push(reader);
  return reader;
};

test('who watches sees what is there, then nodes come, serve, answer and go', async () => {
  hub = await startTestHub({ leaseMs: 600_000 });
  const events = await open();
  const { snapshot } = await events.until('snapshot');
  expect(snapshot).toMatchObject({
    nodes: [],
    deployments: [
      {
        model: 'test-model',
        ready: false,
        missing: expect.stringMatching(/no device is connected/) as string,
      },
    ],
    models: [{ id: 'test-model', deployed: true }],
    requests: [],
  });
  const worker = hub.worker('one', answering(hub, 'Hello'));
  await events.until('deployment', ({ deployment }) => deployment.ready);
  const { node } = await events.until('node', (event) => event.node.role === 'serving');
  expect(node).toMatchObject({ name: 'one', mode: 'active', stages: [{ firstLayer: 0, lastLayer: 7 }] });
  expect(node.reservedBytes).toBeGreaterThan(0);
  expect(node.usedBytes).toBe(0);
  worker.send({ type: 'load', busy: 0, usedBytes: { weights: 31e6, caches: 2e6 } });
  await events.until('node', (event) => event.node.usedBytes === 33e6);
  await (await askChat(hub)).text();
  const { request } = await events.until('request', (event) => event.request.status !== 'running');
  expect(request).toMatchObject({ status: 'done', model: 'test-model', nodeIds: [worker.id] });
  expect(request.completionTokens).toBe(hub.encode('Hello').length + 1);
  await events.until('node', (event) => event.node.tokensServed === 30 && event.node.runningRequests === 0);
  worker.kill();
  const left = await events.until('node-left');
  expect(left).toMatchObject({ id: worker.id, name: 'one' });
  expect(left.reason).toMatch(/connection closed/);
});

test('who lost the connection gets what was missed, and only that', async () => {
  hub = await startTestHub({ leaseMs: 600_000 });
  const first = await open();
  await first.until('snapshot');
  first.close();
  hub.worker('one');
  await hub.served();
  const second = await open(first.lastId);
  const seen = [await second.next()];
  while (!seen.some((event) => event.type === 'deployment' && event.deployment.ready)) {
    seen.push(await second.next());
  }
  expect(seen.map(({ type }) => type)).not.toContain('snapshot');
  const third = await open('another-1');
  expect((await third.next()).type).toBe('snapshot');
});

test('who may not read any more hears nothing of what comes after', async () => {
  hub = await startTestHub({ leaseMs: 600_000 });
  const { body: key } = await api<CreatedApiKey>(hub, 'POST', '/keys', { name: 'Ben', scopes: ['ask'] });
  const headers = { ...elsewhere, authorization: `Bearer ${key.secret}` };
  const events = await EventReader.open(hub, undefined, headers);
  readers.push(events);
  await events.until('snapshot');
  await api(hub, 'POST', `/keys/${key.id}/revoke`);
  hub.worker('one');
  await expect(events.until('node')).rejects.toThrow('the events ended');
});

test('who reads nothing is cut off, and finds the rest when it comes back', async () => {
  const bus = embeddedEventBus();
  const app = new Hono();
  app.use(async (c, next) => {
    c.set('callerNow', () => ({ scopes: ['ask'], via: 'local', owner: 'local' }));
    await next();
  });
  const stopping = new AbortController().signal;
  const live = { snapshot: () => ({ nodes: [], deployments: [], models: [], imports: [], requests: [] }) };
  app.get('/events', (c) => streamEvents(c, { bus, live, stopping }));
  const idle = await app.request('/events');
  const event = { type: 'model-removed', id: 'x'.repeat(100_000) } as const;
  for (let count = 0; count < 30; count++) await bus.publish(event);
  const unread = await idle.text();
  expect(unread.length).toBeLessThan(1.3e6);
  const lastId =
    unread
      .match(/^id: .*$/gm)
      ?.at(-1)
      ?.slice('id: '.length) ?? '';
  const again = await app.request('/events', { headers: { 'last-event-id': lastId } });
  const reader = again.body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  expect(new TextDecoder().decode(value).match(/^id: /gm)).toHaveLength(
    30 - (unread.match(/^id: /gm)?.length ?? 0) + 1,
  );
  await reader?.cancel();
});

test('when the hub stops, who watches is told so, and who comes back meanwhile sees no grid that falls apart', async () => {
  const stopping = new AbortController();
  const app = new Hono();
  app.use(async (c, next) => {
    c.set('callerNow', () => ({ scopes: ['ask'], via: 'local', owner: 'local' }));
    await next();
  });
  const live = { snapshot: () => ({ nodes: [], deployments: [], models: [], imports: [], requests: [] }) };
  const components = { bus: embeddedEventBus(), live, stopping: stopping.signal };
  app.get('/events', (c) => streamEvents(c, components));
  const watching = (await app.request('/events')).text();
  await new Promise(setImmediate);
  stopping.abort();
  expect(await watching).toMatch(
    /event: snapshot\n.*\n\n: this hub stops; .*\nevent: hub-stops\ndata: {}\n\n$/s,
  );
  expect(await (await app.request('/events')).text()).toMatch(
    /^retry: 1000\n\n: this hub stops; .*\nevent: hub-stops\ndata: {}\n\n$/,
  );
});
