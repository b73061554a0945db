/** Downloads a file so that nothing is fetched twice: what is here is kept, what is missing is asked for by range. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fullDiskError, isFullDisk } from '../../files/fullDisk.ts';
import { messageOf } from '../../errors/messageOf.ts';
import { makeDirectory } from '../../files/makeDirectory.ts';
import { RemoteHubError } from '../remote/remoteHubError.ts';
import type { RepositoryFile } from '../remote/repositoryVariants.ts';
import { retryAfterMs } from './retryAfter.ts';

export interface DownloadRequest {
  url: string;
  headers: Record<string, string>;
  /** Where the file is to be. */
  target: string;
  file: RepositoryFile;
  signal: AbortSignal;
  /** Called with how many bytes of the file are here. */
  onProgress: (bytes: number) => void;
  /** Called before a pause, with its reason for people and its end in Unix milliseconds. */
  onWait: (reason: string, until: number) => void;
  /** What a status of the server means. */
  statusError: (status: number) => Error;
  /** The server could not be asked, again and again. */
  unreachable: (cause: unknown) => Error;
}

export interface DownloadInit {
  /** Tries in a row that bring nothing before it is given up. Default 5. */
  tries?: number;
  /** Wait before the second try, in milliseconds; it doubles each time. Default 500. */
  firstWaitMs?: number;
  /** A connection on which nothing comes for this long is given up and made anew, in milliseconds. Default 30 000. */
  stallMs?: number;
}

/** A server that wants to be left alone for longer than this ends the import, which can be resumed, in milliseconds. */
const longestWaitMs = 15 * 60_000;

/**
 * Downloads until the file is whole and what it should be.
 * @throws what `statusError` and `unreachable` make of a failure, StorageError for a full disk, RemoteHubError for other contents than promised, the
 * signal's reason when aborted; what came so far stays for the next time
 */
export async function downloadFile(request: DownloadRequest, init: DownloadInit = {}): Promise<void> {
  const { target, file, signal, onProgress } = request;
  const { tries = 5, firstWaitMs = 500, stallMs = 30_000 } = init;
  await makeDirectory(path.dirname(target));
  let failures = 0;
  for (;;) {
    const before = await sizeOf(target, file.bytes);
    onProgress(before);
    if (before === file.bytes) break;
    try {
      await fetchRest(request, before, stallMs);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof FinalError) throw error.reason;
      if (isFullDisk(error)) throw fullDiskError(error);
      if ((await sizeOf(target, file.bytes)) > before) failures = 0;
      if (++failures >= tries) throw request.unreachable(error);
      const askedMs = error instanceof WaitError ? error.waitMs : undefined;
      if ((askedMs ?? 0) > longestWaitMs) throw request.unreachable(error);
      const waitMs = Math.max(askedMs ?? 0, firstWaitMs * 2 ** (failures - 1));
      request.onWait(messageOf(error), Date.now() + waitMs);
      await pause(waitMs, signal);
    }
  }
  await verify(request);
}

/** An error that trying again does not help. */
class FinalError extends Error {
  override readonly name = 'FinalError';
  readonly reason: Error;

  constructor(reason: Error) {
    super(reason.message);
    this.reason = reason;
  }
}

/** The server asks to be left alone for a while. */
class WaitError extends Error {
  override readonly name = 'WaitError';
  readonly waitMs: number | undefined;

  constructor(reason: Error, waitMs: number | undefined) {
    super(reason.message, { cause: reason });
    this.waitMs = waitMs;
  }
}

async function fetchRest(request: DownloadRequest, before: number, stallMs: number): Promise<void> {
  const stall = new AbortController();
  const timer = setTimeout(
    () => stall.abort(new Error(`nothing came for ${Math.round(stallMs / 1000)} seconds`)),
    stallMs,
  );
  const signal = AbortSignal.any([request.signal, stall.signal]);
  try {
    await fetchWhileItComes({ ...request, signal }, before, () => timer.refresh());
  } finally {
    clearTimeout(timer);
  }
}

async function fetchWhileItComes(
  request: DownloadRequest,
  before: number,
  onBytes: () => void,
): Promise<void> {
  const { url, target, file, signal, onProgress } = request;
  const range: Record<string, string> = before > 0 ? { range: `bytes=${before}-` } : {};
  const response = await fetch(url, { headers: { ...request.headers, ...range }, signal });
  onBytes();
  if (response.status === 416) {
    await response.body?.cancel();
    await rm(target, { force: true });
    throw new Error('the server does not know this range');
  }
  // 429 and 5xx pass.
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    const error = request.statusError(response.status);
    const passes = response.status === 429 || response.status >= 500;
    throw passes
      ? new WaitError(error, retryAfterMs(response.headers.get('retry-after'), Date.now()))
      : new FinalError(error);
  }
  const start = response.status === 206 ? startOf(response.headers.get('content-range')) : 0;
  if (start !== 0 && start !== before) {
    await response.body.cancel();
    throw new Error('the server sent another range than it was asked for');
  }
  let size = start;
  const output = createWriteStream(target, { flags: start === 0 ? 'w' : 'a' });
  // A cut ends the source without an error, so that all that came is written; the error is told afterwards.
  let cut: unknown;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of chunks) {
        onBytes();
        size += chunk.byteLength;
        if (size > file.bytes) throw new Error(`it is longer than the ${file.bytes} bytes promised`);
        yield chunk;
        onProgress(size);
      }
    } catch (error) {
      cut = error;
    }
  };
  await pipeline(response.body as unknown as AsyncIterable<Uint8Array>, counted, output);
  if (cut !== undefined) throw cut instanceof Error ? cut : new Error('the connection was cut');
  if (size < file.bytes) throw new Error('the connection ended early');
}

function startOf(contentRange: string | null): number {
  return Number(/^bytes (\d+)-/.exec(contentRange ?? '')?.[1] ?? -1);
}

/** Bytes that are here; a file that is too long is begun anew. */
async function sizeOf(target: string, bytes: number): Promise<number> {
  const size = await stat(target).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= bytes) return size;
  await rm(target, { force: true });
  return 0;
}

async function verify({ target, file, signal }: DownloadRequest): Promise<void> {
  const expected = file.sha256 ?? file.gitSha1;
  if (expected === null) return;
  const hash =
    file.sha256 === null ? createHash('sha1').update(`blob ${file.bytes}\0`) : createHash('sha256');
  await pipeline(createReadStream(target), into(hash), { signal });
  if (hash.digest('hex') === expected) return;
  await rm(target, { force: true });
  throw new RemoteHubError(
    'hub_failed',
    `${file.path} is not what the Hub says it is (its hash differs). Try again; what came was deleted.`,
  );
}

function into(hash: Hash): Writable {
  return new Writable({
    write: (chunk: Uint8Array, _encoding, done) => {
      hash.update(chunk);
      done();
    },
  });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
