/** A worker that waits for the hub to call, as `potluck worker --listen` starts it. */
import type { ConnectionStep } from '@potluck/api';
import { expect, test } from 'vitest';
import { askForCapital } from './support/answers.ts';
import { freePort, startHub, startWaitingWorker, stop, type HubProcess } from './support/hubProcess.ts';
import { nodesOf } from './support/nodes.ts';
import { temporaryDirectory } from '../testing/temporaryDirectory.ts';

const token = 'a-good-secret';

const post = (hub: HubProcess, path: string, body: object): Promise<Response> =>
  fetch(`${hub.url}/api/nodes${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function tryConnection(hub: HubProcess, port: number, secret = token): Promise<ConnectionStep[]> {
  const response = await post(hub, '/test-connection', { host: 'localhost', port, token: secret });
  return (await response.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ConnectionStep);
}

const servedBy = (hub: HubProcess, name: string): Promise<void> =>
  expect
    .poll(async () => (await nodesOf(hub)).find((node) => node.name === name)?.role, { timeout: 60_000 })
    .toBe('serving');

test('a waiting worker is tried, added over HTTPS, serves, and comes back after each restart', async () => {
  await using hubData = await temporaryDirectory('potluck-hub-');
  await using workerData = await temporaryDirectory('potluck-worker-');
  const [port, httpsPort] = [await freePort(), await freePort()];
  const start = (): Promise<HubProcess> =>
    startHub({
      port,
      dataDirectory: hubData.path,
      flags: ['--https-port', String(httpsPort), '--local-workers', '0', '--context-length', '256'],
    });
  const waiting = { port: await freePort(), token, dataDirectory: workerData.path };
  let hub = await start();
  let worker = await startWaitingWorker('attic', waiting);
  try {
    const alone = await tryConnection(hub, waiting.port);
    expect(alone.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'reachable passed',
      'authorised passed',
      'hub passed',
      'candidates passed',
      'peer skipped',
    ]);
    expect(alone[2]?.message).toContain(`https://127.0.0.1:${httpsPort}`);
    expect(alone[3]?.candidateTypes).toContain('host');
    expect(await nodesOf(hub)).toEqual([]);

    const added = await post(hub, '', { host: 'localhost', port: waiting.port, token });
    expect(added.status).toBe(201);
    expect(await added.json()).toMatchObject({ name: 'attic' });
    await servedBy(hub, 'attic');
    const { text } = await askForCapital(hub);
    expect(text).toBe('The capital of France is Paris.');

    await stop(hub.child);
    hub = await start();
    await servedBy(hub, 'attic');
    await stop(worker.child);
    await expect.poll(() => nodesOf(hub)).toEqual([]);
    worker = await startWaitingWorker('attic', waiting);
    await servedBy(hub, 'attic');
    await expect.poll(() => worker.log()).toContain('going back to the hub that called last');
  } finally {
    await worker[Symbol.asyncDispose]();
    await hub[Symbol.asyncDispose]();
  }
});

test('a real connection to a worker of the grid is tried; one that is evicted waits for the next call', async () => {
  await using hub = await startHub({ flags: ['--https-port', '0', '--context-length', '256'] });
  await using other = await startHub({ flags: ['--https-port', 'off', '--local-workers', '0'] });
  const waiting = { port: await freePort(), token };
  await using worker = await startWaitingWorker('attic', waiting);
  const tried = await tryConnection(hub, waiting.port);
  const kind = expect.stringMatching(/^(host|srflx|prflx)$/) as string;
  expect(tried.at(-1)).toMatchObject({
    step: 'peer',
    state: 'passed',
    message: expect.stringContaining('local-1') as string,
    candidates: { local: kind, remote: kind },
  });
  expect((await tryConnection(hub, waiting.port, 'a-wrong-secret')).at(-1)).toMatchObject({
    step: 'authorised',
    state: 'failed',
  });

  const body = { host: '127.0.0.1', port: waiting.port, token };
  const { id } = (await (await post(hub, '', body)).json()) as { id: string };
  const refused = (await (await post(other, '', body)).json()) as { error: { message: string } };
  expect(refused.error.message).toMatch(/serves another hub, at https:/);
  expect((await tryConnection(other, waiting.port)).at(-1)).toMatchObject({ state: 'failed' });

  expect((await post(hub, `/${id}/evict`, {})).status).toBe(204);
  await expect.poll(() => worker.log()).toContain('waiting for a call');
  expect((await post(other, '', body)).status).toBe(201);
  await expect.poll(async () => (await nodesOf(other)).map(({ name }) => name)).toEqual(['attic']);
});
