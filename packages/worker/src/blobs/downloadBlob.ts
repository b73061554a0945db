/** One blob from the hub into a partial blob: continues where an earlier try was cut. */
import { atHub, type BlobRef } from '@potluck/protocol';
import { pause } from '../clock.ts';
import { BlobUnavailableError, StorageFullError } from '../errors.ts';
import { messageOf } from '../messageOf.ts';
import type { PartialBlob } from './blobStore.ts';
import type { FetchWatcher } from './fetchWatcher.ts';

/** Where blobs come from: `GET <hubUrl>/blobs/<sha256>` with the join token. */
export interface BlobSource {
  hubUrl: string;
  token: string;
  fetch: typeof fetch;
}

/** Cut connections in a row, without a byte in between, before giving up. */
const maxFruitlessTries = 5;
const firstPauseMs = 200;
/**
 * A hub that sends nothing for so long may stand still, behind a load balancer that keeps the connection. Asked again, another one
 * may answer. One that does not begin to answer is asked again sooner, but has more time with each try: it may be busy.
 */
const silentMs = 15_000;
const firstAnswerMs = 5_000;

/**
 * Appends to `partial` until all bytes are there.
 * @param watcher is told of every piece that arrived (and of minus all of them when starting over)
 * @throws BlobUnavailableError, StorageFullError, or the signal's reason
 */
export async function downloadBlob(
  source: BlobSource,
  blob: BlobRef,
  partial: PartialBlob,
  watcher: FetchWatcher,
): Promise<void> {
  const { model, range, signal } = watcher;
  let fruitless = 0;
  while (partial.size < blob.size) {
    const before = partial.size;
    try {
      const answerMs = Math.min(silentMs, firstAnswerMs * 2 ** fruitless);
      await requestRest(source, blob, partial, { ...watcher, answerMs });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof StorageFullError || error instanceof BlobUnavailableError) throw error;
      fruitless = partial.size > before ? 0 : fruitless + 1;
      if (fruitless >= maxFruitlessTries) {
        throw new BlobUnavailableError(
          `the weights of ${range} of ${model} stopped at ${partial.size} of ${blob.size} bytes: ${messageOf(error)}`,
          { cause: error },
        );
      }
      await pause(firstPauseMs * 2 ** fruitless, signal);
    }
  }
}

async function requestRest(
  source: BlobSource,
  blob: BlobRef,
  partial: PartialBlob,
  { model, range, onBytes, signal, answerMs }: FetchWatcher & { answerMs: number },
): Promise<void> {
  const start = partial.size;
  const silence = new AbortController();
  const response = await unlessSilent(
    silence,
    source.fetch(atHub(source.hubUrl, `/blobs/${blob.sha256}`).href, {
      headers: {
        authorization: `Bearer ${source.token}`,
        ...(start > 0 && { range: `bytes=${start}-` }),
      },
      signal: AbortSignal.any([signal, silence.signal]),
    }),
    answerMs,
  );
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    if (response.status >= 400 && response.status < 500 && response.status !== 429 && start === 0) {
      throw new BlobUnavailableError(
        `the hub answers ${response.status} for the weights of ${range} of ${model}`,
      );
    }
    if (response.status === 416) await partial.discard();
    throw new Error(`the hub answers ${response.status}`);
  }
  if (start > 0 && !continuesAt(response, start)) {
    await partial.discard();
    onBytes(-start);
  }
  // Not `for await`: Safari's streams are not iterable.
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value: bytes } = await unlessSilent(silence, reader.read(), silentMs);
      if (done) break;
      if (partial.size + bytes.byteLength > blob.size) {
        throw new BlobUnavailableError(
          `the hub sends more than the ${blob.size} bytes of the weights of ${range} of ${model}`,
        );
      }
      await partial.append(bytes);
      onBytes(bytes.byteLength);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
  if (partial.size < blob.size) throw new Error('the connection ended early');
}

/** Ends the request that `coming` belongs to, if it takes too long: then `coming` fails with the reason. */
async function unlessSilent<Value>(
  silence: AbortController,
  coming: Promise<Value>,
  mostMs: number,
): Promise<Value> {
  const timer = setTimeout(
    () => silence.abort(new Error(`nothing was heard from the hub for ${mostMs} ms`)),
    mostMs,
  );
  try {
    return await coming;
  } finally {
    clearTimeout(timer);
  }
}

function continuesAt(response: Response, start: number): boolean {
  return (
    response.status === 206 && (response.headers.get('content-range') ?? '').startsWith(`bytes ${start}-`)
  );
}
