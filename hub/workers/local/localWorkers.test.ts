import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { refusedExitCode } from '@potluck/protocol';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { LocalWorkers } from './localWorkers.ts';

test('a local worker that the hub refuses is started once more, then rests until a node is let in again', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-local-'));
  const starts = path.join(directory, 'starts');
  const program = path.join(directory, 'refused.mjs');
  await writeFile(
    program,
    `import { appendFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(starts)}, 'x');
     process.exit(${refusedExitCode});`,
  );
  const output = new PassThrough();
  const log: string[] = [];
  const rested = async (): Promise<void> => {
    for (;;) {
      const [line] = (await once(output, 'data')) as [Buffer];
      log.push(line.toString());
      if (log.at(-1)?.includes('refuses its local worker')) return;
    }
  };
  const workers = new LocalWorkers(
    { logger: pino(output) },
    {
      ...{ count: 1, hubUrl: 'http://127.0.0.1:1', joinToken: 'join', directory, program },
      ...{ blobsDirectory: directory, memoryBytes: 1e9, logLevel: 'silent' },
    },
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
  await workers.stop();
  await rm(directory, { recursive: true });
});
