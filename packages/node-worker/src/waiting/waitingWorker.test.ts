import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubId, WorkerId, type JoinCall } from '@potluck/protocol';
import { RefusedByHubError, silentLog, type AgentEvent } from '@potluck/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HubAddress } from '@potluck/command-line';
import { WaitingWorker } from './waitingWorker.ts';

/** One time at a hub, played by the test. */
interface Service {
  hub: HubAddress;
  signal: AbortSignal;
  observe: (event: AgentEvent) => void;
  refuse: (error: Error) => void;
}

const workerId = WorkerId.parse('3f2b8a54-6a0e-4d2c-9d1a-0c8f6f1f2a10');
const one = HubId.parse('1c9e6679-7425-40de-944b-e07fc1f90ae7');
const other = HubId.parse('7c9e6679-7425-40de-944b-e07fc1f90ae7');
const servers: Server[] = [];
let dataDirectory: string;
let services: Service[];
/** What a hub does with a worker that comes. */
let onService: (service: Service) => void;

beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'potluck-waiting-'));
  services = [];
  onService = ({ observe }) => observe({ type: 'joined' });
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(dataDirectory, { recursive: true });
});

function start(welcomeDeadlineMs?: number): WaitingWorker {
  return new WaitingWorker(
    {
      log: silentLog,
      serve: (hub, signal, observe) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => resolve());
          const service = { hub, signal, observe, refuse: reject };
          services.push(service);
          onService(service);
        }),
    },
    { workerId, name: 'attic', dataDirectory, ...(welcomeDeadlineMs && { welcomeDeadlineMs }) },
  );
}

/** What of a hub is asked before a worker joins it: whether it is that hub. */
async function hub(hubId: HubId): Promise<JoinCall> {
  const server = createServer((_request, response) => response.end(JSON.stringify({ hub: { id: hubId } })));
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { hubId, hubUrls: [`http://127.0.0.1:${port}`], token: `token of ${hubId}` };
}

test('the hub that calls is served, and found again after a restart', async () => {
  const call = await hub(one);
  const worker = start();
  worker.resume();
  expect(worker.hub).toBeNull();
  const [hubUrl] = call.hubUrls;
  expect(await worker.join(call)).toEqual({ workerId, name: 'attic', hubUrl });
  expect(worker.hub).toEqual({ hubId: one, hubUrl, connected: true });
  expect(statSync(join(dataDirectory, 'hub.json')).mode & 0o077).toBe(0);
  await worker.stop('a restart');
  expect(services[0]?.signal.reason).toBe('a restart');

  const again = start();
  again.resume();
  expect(services[1]?.hub).toMatchObject({ hubUrl, token: call.token });
  expect(again.hub?.connected).toBe(true);
});

test('of several addresses the one that leads to this hub is taken', async () => {
  const [call, stranger] = [await hub(one), await hub(other)];
  const hubUrls = ['http://127.0.0.1:1', ...stranger.hubUrls, ...call.hubUrls];
  expect(await start().join({ ...call, hubUrls })).toMatchObject({ hubUrl: call.hubUrls[0] });
  const lost = start().join({ ...call, hubUrls: hubUrls.slice(0, 2) });
  await expect(lost).rejects.toThrow(/at none of its addresses.*ECONNREFUSED.*another program answers there/);
});

test('while one hub is served another is refused; when that is gone, the other is served', async () => {
  const [first, second] = [await hub(one), await hub(other)];
  const worker = start();
  await worker.join(first);
  await expect(worker.join(second)).rejects.toThrow(`serves another hub, at ${first.hubUrls[0]}`);
  await expect(worker.join(first)).rejects.toThrow('in the hub already, as attic');
  services[0]?.observe({ type: 'hub-away', reason: 'its socket closed' });
  await worker.join(second);
  expect(services[0]?.signal.aborted).toBe(true);
  expect(worker.hub).toMatchObject({ hubId: other, connected: true });
});

test('a hub that sends the worker away is forgotten; the next one may call', async () => {
  const worker = start();
  await worker.join(await hub(one));
  services[0]?.refuse(new RefusedByHubError('evicted', 'the operator asked it to leave'));
  await expect.poll(() => worker.hub).toBeNull();
  const again = start();
  again.resume();
  expect(again.hub).toBeNull();
  await worker.join(await hub(other));
  expect(worker.hub?.hubId).toBe(other);
});

test('a hub that does not welcome the worker hears why, and is not kept', async () => {
  onService = ({ refuse }) => refuse(new RefusedByHubError('bad-token', 'the join token is wrong'));
  const worker = start(20);
  await expect(worker.join(await hub(one))).rejects.toThrow('the join token is wrong');
  onService = ({ observe }) => observe({ type: 'hub-away', reason: 'the socket was closed' });
  await expect(worker.join(await hub(one))).rejects.toThrow(/did not welcome.*the socket was closed/);
  expect(worker.hub).toBeNull();
  const again = start();
  again.resume();
  expect(again.hub).toBeNull();
});

test('a join that fails leaves the hub that was kept as it was, and goes back to it', async () => {
  const [first, second] = [await hub(one), await hub(other)];
  const worker = start();
  await worker.join(first);
  services[0]?.observe({ type: 'hub-away', reason: 'its socket closed' });
  onService = ({ hub: { token }, observe, refuse }) => {
    if (token === first.token) observe({ type: 'joined' });
    else refuse(new RefusedByHubError('bad-token', 'the join token is wrong'));
  };
  await expect(worker.join(second)).rejects.toThrow('the join token is wrong');
  expect(services[0]?.signal.aborted).toBe(true);
  expect(worker.hub).toMatchObject({ hubId: one, connected: true });
  const again = start();
  again.resume();
  expect(again.hub?.hubId).toBe(one);
});

test('a hub that an update brings back is kept; one that revokes the token is not', async () => {
  const worker = start();
  await worker.join(await hub(one));
  services[0]?.refuse(new RefusedByHubError('version-mismatch', 'update the worker'));
  await expect.poll(() => worker.hub).toBeNull();
  worker.resume();
  expect(worker.hub?.hubId).toBe(one);
  services[1]?.refuse(new RefusedByHubError('bad-token', 'the join token is revoked'));
  await expect.poll(() => worker.hub).toBeNull();
  worker.resume();
  expect(worker.hub).toBeNull();
});
