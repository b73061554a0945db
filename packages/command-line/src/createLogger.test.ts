import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger, type LoggerInit } from './createLogger.ts';
import { LastTrouble } from './lastTrouble.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-log-'));
});
afterAll(() => rm(directory, { recursive: true }));

const printed = new PassThrough().resume();
const init: LoggerInit = {
  ...{ name: 'attic', to: printed, isTerminal: false },
  ...{ logLevel: 'warn', logFileSize: 1e6, logFiles: 2 },
};

test('the file has the lines that are printed, as JSON with the name of who speaks', async () => {
  const log = await createLogger({ ...init, logFile: path.join(directory, 'logs', 'potluck.log') });
  log.info('not at this level');
  log.warn({ request: 'one' }, 'said');
  const file = path.join(directory, 'logs', 'potluck.1.log');
  await expect.poll(() => readFile(file, 'utf8')).toContain('said');
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ name: 'attic', level: 40, request: 'one', msg: 'said' }),
  ]);
});

test('a full file is followed by the next, and old ones go', async () => {
  const log = await createLogger({
    ...init,
    logFile: path.join(directory, 'many', 'a.log'),
    logFileSize: 1024,
  });
  const names = (): Promise<string[]> => readdir(path.join(directory, 'many'));
  // A file ends at the first line that comes when it is full.
  for (let line = 0; !(await names()).includes('a.5.log'); line++) log.warn('x'.repeat(300) + line);
  await expect.poll(async () => (await names()).length).toBeLessThanOrEqual(3);
});

test('a file that can not be written is named at the start', async () => {
  const blocked = path.join(directory, 'file');
  await writeFile(blocked, '');
  await expect(createLogger({ ...init, logFile: path.join(blocked, 'a.log') })).rejects.toThrow(
    `--log-file: ${path.join(blocked, 'a.log')} can't be written:`,
  );
});

test('what goes wrong is remembered, the last of it, and nothing else', async () => {
  const trouble = new LastTrouble();
  const log = await createLogger({ ...init, logLevel: 'info', trouble });
  log.info('fine');
  for (let count = 0; count < 60; count++) log.warn({ count }, 'x'.repeat(5000));
  expect(trouble.lines).toHaveLength(50);
  expect(trouble.lines.join('')).not.toContain('fine');
  expect(trouble.lines[0]).toContain('"count":10');
  expect(Math.max(...trouble.lines.map(({ length }) => length))).toBe(2000);
});
