/** Workers that reach the hub over HTTPS only, by the certificate that the hub made itself. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askForCapital } from './support/answers.ts';
import { startHub, startWorker, type HubProcess } from './support/hubProcess.ts';

interface HubInformation {
  httpsPort: number;
  fingerprint: string;
}

let hub: HubProcess;
let about: HubInformation;
beforeAll(async () => {
  hub = await startHub({
    flags: ['--https-port', '0', '--local-workers', '0', '--context-length', '256'],
  });
  about = (await (await fetch(`${hub.url}/api/hub`)).json()) as HubInformation;
});
afterAll(() => hub[Symbol.asyncDispose]());

test('two workers join by fingerprint, fetch their layers, connect, and answer', async () => {
  const { httpsPort, fingerprint } = about;
  const secure = { ...hub, url: `https://localhost:${httpsPort}` };
  // Neither has room for the whole model.
  await using first = await startWorker(secure, 'first', ['--memory', '100MB', '--fingerprint', fingerprint]);
  await using second = await startWorker(secure, 'second', [
    '--memory',
    '100MB',
    '--fingerprint',
    fingerprint.replaceAll(':', ''),
  ]);
  await expect
    .poll(async () => (await fetch(`${hub.url}/health/ready`)).status, { timeout: 60_000 })
    .toBe(200);
  const { text, route } = await askForCapital(hub);
  expect(text).toBe('The capital of France is Paris.');
  expect(route).toMatch(/^(first\[0-\d\],second|second\[0-\d\],first)\[\d-7\]$/);
  // On one machine they need no data channel, and no addresses for one.
  const direct = { state: 'direct' };
  await expect
    .poll(async () => (await (await fetch(`${hub.url}/api/nodes`)).json()) as unknown)
    .toMatchObject({ nodes: [{ peers: [direct] }, { peers: [direct] }] });
  expect(first.log() + second.log()).not.toContain('certificate');
});

test('a worker that can not know the hub says what to compare, and one that means another hub stays away', async () => {
  const { httpsPort, fingerprint } = about;
  const secure = { ...hub, url: `https://127.0.0.1:${httpsPort}` };
  for (const [flags, message] of [
    [[], `--fingerprint ${fingerprint}`],
    [['--fingerprint', '00'.repeat(32)], 'is not the hub that was meant'],
  ] as const) {
    await using worker = await startWorker(secure, 'stranger', [...flags]);
    await expect.poll(() => worker.child.exitCode, { timeout: 60_000 }).toBe(1);
    // What it wrote last may come after its end.
    await expect.poll(() => worker.log()).toContain(message);
    expect(worker.log()).not.toMatch(/\n +at /);
  }
});
