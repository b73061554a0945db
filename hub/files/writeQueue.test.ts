import { pino } from 'pino';
import { expect, test } from 'vitest';
import { DomainError } from '../errors/domainError.ts';
import { StorageError } from './storageError.ts';
import { WriteQueue } from './writeQueue.ts';

const never = 1e6;

/** A queue on a disk that can be full, and what is on the disk. */
function onDisk(retryMs: number) {
  const log: { msg: string }[] = [];
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line) as { msg: string }) });
  const queue = new WriteQueue(logger, { retryMs });
  const disk = { isFull: false, kept: [] as string[], tries: 0 };
  const keep = (what: string): void =>
    queue.write(what, async () => {
      await Promise.resolve();
      disk.tries++;
      if (disk.isFull) throw new StorageError('The disk is full.');
      disk.kept.push(what);
    });
  return { queue, disk, keep, says: () => log.map(({ msg }) => msg) };
}

test('what meets a full disk is kept when there is room, in order; meanwhile nobody waits for it', async () => {
  const { queue, disk, keep, says } = onDisk(1);
  keep('soup');
  await queue.settled();
  disk.isFull = true;
  keep('stew');
  keep('pie');
  await queue.settled();
  expect(disk.kept).toEqual(['soup']);
  await expect.poll(() => disk.tries).toBeGreaterThan(4);
  disk.isFull = false;
  await expect.poll(() => disk.kept).toEqual(['soup', 'stew', 'pie']);
  keep('tea');
  await queue.settled();
  expect(disk.kept).toEqual(['soup', 'stew', 'pie', 'tea']);
  expect(says()).toEqual([
    'stew waits to be kept in the database',
    'all that waited is kept in the database',
  ]);
});

test('while something rests, nothing else tries the disk; the end tries once more', async () => {
  const { queue, disk, keep, says } = onDisk(never);
  disk.isFull = true;
  for (const what of ['soup', 'stew', 'pie']) keep(what);
  await queue.settled();
  expect(disk.tries).toBe(1);
  disk.isFull = false;
  await queue.end();
  expect(disk.kept).toEqual(['soup', 'stew', 'pie']);
  expect(says()).toHaveLength(2);
});

test.each([
  [['soup'], 'soup could not be kept in the database'],
  [['soup', 'stew', 'soup'], '3 writes could not be kept in the database'],
])('what can not be kept at the end is logged as lost, in one line: %j', async (all, line) => {
  const { queue, disk, keep, says } = onDisk(never);
  disk.isFull = true;
  all.forEach(keep);
  await queue.end();
  expect(says()).toEqual(['soup waits to be kept in the database', line]);
});

test('a write that fails for itself holds up no other', async () => {
  const { queue, disk, keep, says } = onDisk(never);
  for (let row = 0; row < 3; row++)
    queue.write('a bad row', () => Promise.reject(new Error('no such table')));
  keep('soup');
  await queue.settled();
  expect(disk.kept).toEqual(['soup']);
  expect(says()).toEqual(['a bad row could not be kept in the database']);
  await queue.end();
  expect(says().at(-1)).toBe('2 writes could not be kept in the database');
});

test('what rests is bounded: the oldest gives way', async () => {
  const { queue, disk, keep, says } = onDisk(never);
  disk.isFull = true;
  for (let index = 0; index < 2003; index++) keep(String(index));
  await queue.settled();
  disk.isFull = false;
  await queue.end();
  expect(disk.kept).toHaveLength(2000);
  expect(disk.kept[0]).toBe('3');
  expect(says().filter((line) => line.includes('could not'))).toEqual([
    '0 could not be kept in the database',
    '2 writes could not be kept in the database',
  ]);
});

test('what another hub keeps since it leads is no failure of this one', async () => {
  class LostError extends DomainError {
    override readonly name = 'LostError';
    readonly kind = 'unavailable';
    readonly code = 'another_hub_leads';
  }
  const log: { level: number; msg: string }[] = [];
  const write = (line: string): void => void log.push(JSON.parse(line) as (typeof log)[number]);
  const queue = new WriteQueue(pino({}, { write }));
  for (const what of ['a request', 'an answer'])
    queue.write(what, () => Promise.reject(new LostError('Another hub has taken over.')));
  await queue.end();
  expect(log.map(({ level, msg }) => [level, msg])).toEqual([
    [40, 'a request can not be kept by this hub any more'],
    [40, 'an answer can not be kept by this hub any more'],
  ]);
  expect(JSON.stringify(log)).toContain('another hub leads now');
});
