/** Weights for workers: immutable, by range. */
import { Readable } from 'node:stream';
import { Sha256, type ModelPackage } from '@potluck/protocol';
import { Hono } from 'hono';
import type { BlobStore } from '../models/blobStore.ts';
import type { Catalogue } from '../models/catalogue.ts';
import { ApiError } from './apiError.ts';
import { parseByteRange } from './byteRange.ts';

/** Routes to mount under `/blobs`. A key that is limited to some models gets their blobs and no others. */
export function blobRoutes(blobs: BlobStore, catalogue: Pick<Catalogue, 'find'>): Hono {
  const app = new Hono();
  app.get('/:sha256', async (c) => {
    const sha256 = Sha256.safeParse(c.req.param('sha256')).data;
    if (sha256 === undefined) throw new ApiError(400, 'A blob is named by 64 lower-case hexadecimal digits.');
    const models = c.var.caller.key?.limits.models;
    const mayRead = models === undefined || models.some((id) => holdsBlob(catalogue.find(id), sha256));
    // The same answer as for a blob that is not there: what other models hold is not told.
    const size = mayRead ? await blobs.size(sha256) : undefined;
    if (size === undefined)
      throw new ApiError(404, `There is no blob ${sha256}.`, { code: 'blob_not_found' });
    const headers = new Headers({
      'content-type': 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable, no-transform',
      etag: `"${sha256}"`,
      'accept-ranges': 'bytes',
    });
    if (namesTag(c.req.header('if-none-match'), sha256)) return new Response(null, { status: 304, headers });
    const condition = c.req.header('if-range');
    const isSame = condition === undefined || namesTag(condition, sha256);
    const range = isSame ? parseByteRange(c.req.header('range'), size) : undefined;
    if (range === 'unsatisfiable') {
      headers.set('content-range', `bytes */${size}`);
      return new Response(null, { status: 416, headers });
    }
    const { start, end } = range ?? { start: 0, end: size };
    headers.set('content-length', String(end - start));
    if (range) headers.set('content-range', `bytes ${start}-${end - 1}/${size}`);
    const status = range ? 206 : 200;
    if (c.req.method === 'HEAD' || start === end) return new Response(null, { status, headers });
    const stream = Readable.toWeb(blobs.stream(sha256, start, end)) as ReadableStream<Uint8Array>;
    return new Response(stream, { status, headers });
  });
  return app;
}

function holdsBlob(model: ModelPackage | undefined, sha256: Sha256): boolean {
  if (model === undefined) return false;
  return [model.graph, ...model.packs, ...model.files.map(({ blob }) => blob)].some(
    (blob) => blob.sha256 === sha256,
  );
}

function namesTag(header: string | undefined, sha256: string): boolean {
  return header !== undefined && (header.trim() === '*' || header.includes(`"${sha256}"`));
}
