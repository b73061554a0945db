import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
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

test.each([
  ['hub.jsonl', 'hub.1.jsonl'],
  ['hub.prod.txt', 'hub.prod.1.txt'],
  ['hub', 'hub.1.log'],
])('a log called %s is in %s, and nowhere else', async (name, written) => {
  const folder = path.join(directory, name);
  const log = await createLogger({ ...init, logFile: path.join(folder, name) });
  log.warn('said');
  await expect.poll(() => readFile(path.join(folder, written), 'utf8')).toContain('said');
  expect(await readdir(folder)).toEqual([written]);
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

test('files of former runs count, and those of others stay', async () => {
  const folder = path.join(directory, 'former');
  await mkdir(folder);
  const others = ['a-1.log', 'a.1.log.gz', 'a.b.1.log', 'b.2.log'];
  const former = Array.from({ length: 12 }, (_, index) => `a.${index + 1}.log`);
  for (const name of [...others, ...former]) await writeFile(path.join(folder, name), '');
  const names = async (): Promise<string[]> => (await readdir(folder)).toSorted();
  const log = await createLogger({ ...init, logFile: path.join(folder, 'a.log'), logFileSize: 1024 });
  expect(await names()).toEqual([...others, 'a.10.log', 'a.11.log', 'a.12.log'].toSorted());
  for (let line = 0; !(await names()).includes('a.13.log'); line++) log.warn('x'.repeat(300) + line);
  // The last line may have begun one more: how many of its own there are, and which of others.
  const left = async (): Promise<unknown> => {
    const all = await names();
    return {
      own: all.filter((name) => !others.includes(name)).length,
      others: all.filter((name) => others.includes(name)),
    };
  };
  await expect.poll(left).toEqual({ own: 3, others: others.toSorted() });
});

test('a file that can not be written is named at the start', async () => {
  const blocked = path.join(directory, 'file');
  await writeFile(blocked, '');
  await expect(createLogger({ ...init, logFile: path.join(blocked, 'a.log') })).rejects.toThrow(
    `--log-file: ${path.join(blocked, 'a.log')} can't be written:`,
  );
});

// A device of Linux, as full as can be.
test.skipIf(process.platform !== 'linux')(
  'a full disk is said once, and what is printed goes on',
  async () => {
    await mkdir(path.join(directory, 'full'));
    await symlink('/dev/full', path.join(directory, 'full', 'a.1.log'));
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      const to = new PassThrough();
      const log = await createLogger({ ...init, to, logFile: path.join(directory, 'full', 'a.log') });
      const messages = (): unknown[] => said.mock.calls.map(([text]) => text);
      log.warn('one');
      await expect
        .poll(messages)
        .toEqual([expect.stringMatching(/^potluck: the log file can't be written any more: ENOSPC/)]);
      log.warn('two');
      await expect.poll(() => String(to.read() ?? '')).toContain('two');
      expect(messages()).toHaveLength(1);
    } finally {
      said.mockRestore();
    }
  },
);

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
