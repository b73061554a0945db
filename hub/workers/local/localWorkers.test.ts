import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { refusedExitCode } from '@potluck/protocol';
import { pino, type Logger } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LocalWorkers, type LocalWorkersInit } from './localWorkers.ts';

let directory: string;
let started: LocalWorkers | undefined;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-local-'));
});
afterEach(async () => {
  await started?.stop();
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

/** One local worker that runs this program in the place of `potluck`. */
async function localWorker(
  source: string,
  logger: Logger,
  init: Partial<LocalWorkersInit> = {},
): Promise<LocalWorkers> {
  const program = path.join(directory, 'program.mjs');
  await writeFile(program, source);
  started = new LocalWorkers(
    { logger },
    {
      ...{ count: 1, hubUrl: 'http://127.0.0.1:1', joinToken: 'join', directory, program },
      ...{ blobsDirectory: directory, memoryBytes: 1e9, logLevel: 'silent' },
      ...init,
    },
  );
  return started;
}

test('a local worker that the hub refuses is started once more, then rests until a node is let in again', async () => {
  const starts = path.join(directory, 'starts');
  const output = new PassThrough();
  const log: string[] = [];
  const rested = async (): Promise<void> => {
    for (;;) {
      const [line] = (await once(output, 'data')) as [Buffer];
      log.push(line.toString());
      if (log.at(-1)?.includes('refuses its local worker')) return;
    }
  };
  const workers = await localWorker(
    `import { appendFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(starts)}, 'x');
     process.exit(${refusedExitCode});`,
    pino(output),
  );
  const first = rested();
  workers.start();
  expect(workers.startingBeside(new Set())).toBe(1);
  await first;
  expect(await readFile(starts, 'utf8')).toBe('xx');
  expect(workers.startingBeside(new Set())).toBe(0);

  const again = rested();
  workers.startRefused();
  expect(workers.startingBeside(new Set())).toBe(1);
  await again;
  expect(await readFile(starts, 'utf8')).toBe('xxxx');
});

test('a local worker sees where its programs and proxies are, and none of the secrets of the hub', async () => {
  const told = path.join(directory, 'told.json');
  vi.stubEnv('POTLUCK_ADMIN_PASSWORD', 'secret');
  vi.stubEnv('SOME_SERVICE_KEY', 'secret');
  vi.stubEnv('https_proxy', 'http://127.0.0.1:2');
  const output = new PassThrough();
  const workers = await localWorker(
    `import { writeFileSync } from 'node:fs';
     writeFileSync(${JSON.stringify(told)}, JSON.stringify(process.env));
     process.exit(${refusedExitCode});`,
    pino(output),
  );
  workers.start();
  await once(output, 'data');
  const environment = await readFile(told, 'utf8');
  expect(JSON.parse(environment)).toMatchObject({
    PATH: process.env['PATH'],
    https_proxy: 'http://127.0.0.1:2',
    POTLUCK_TOKEN: 'join',
  });
  expect(environment).not.toContain('secret');
});

/** Starts one local worker. @returns the processes that it had until now @param loop what its event loop does */
async function startedWorker(
  loop: string,
  init: Partial<LocalWorkersInit> = {},
): Promise<{ workers: LocalWorkers; pids: () => Promise<number[]> }> {
  const starts = path.join(directory, 'starts');
  const pids = async (): Promise<number[]> =>
    (await readFile(starts, 'utf8').catch(() => '')).trim().split('\n').filter(Boolean).map(Number);
  const workers = await localWorker(
    `import { appendFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(starts)}, String(process.pid) + '\\n');
     ${loop};`,
    pino({ level: 'silent' }),
    init,
  );
  workers.start();
  await expect.poll(pids).toHaveLength(1);
  return { workers, pids };
}

test('a local worker that hangs is ended and started again, and one that came back is left alone', async () => {
  const { workers, pids } = await startedWorker('for (;;);', { hangsAfterMs: 10 });
  const asked = Promise.withResolvers<void>();
  workers.missed('local-1', () => {
    asked.resolve();
    return true;
  });
  await asked.promise;
  workers.missed('another', () => false);
  expect(await pids()).toHaveLength(1);
  workers.missed('local-1', () => false);
  await expect.poll(pids).toHaveLength(2);
});

test('a local worker that does not come back, but answers, is only slow: it has more time', async () => {
  const { workers, pids } = await startedWorker('setInterval(() => undefined, 1e6)', { hangsAfterMs: 2000 });
  const lookedTwice = Promise.withResolvers<void>();
  let looks = 0;
  workers.missed('local-1', () => {
    if (++looks === 2) lookedTwice.resolve();
    return false;
  });
  await lookedTwice.promise;
  expect(await pids()).toHaveLength(1);
});
