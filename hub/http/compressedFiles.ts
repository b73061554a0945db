/** Compressed copies of the app's files: as the build left them beside the largest (client/compressBuild.js), else made once each. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { MiddlewareHandler } from 'hono';
import { getMimeType } from 'hono/utils/mime';

/** One spelling of each file whose name has its content's hash in it: what is kept for it never gets old. */
const compressible = /^\/_app\/immutable\/(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.(?:js|mjs|css|json|svg|wasm)$/;
/** The app has about a hundred. */
const mostFiles = 1000;
const compress = promisify(gzip);

/** Answers with compressed files of `directory` where they are wanted; leaves everything else to who comes next. */
export function serveCompressed(directory: string): MiddlewareHandler {
  const files = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  const make = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    const file = path.join(directory, name);
    const made = await readFile(`${file}.gz`).catch(() => undefined);
    return new Uint8Array(made ?? (await compress(await readFile(file))));
  };
  const find = (name: string): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    let file = files.get(name);
    if (!file && files.size < mostFiles) {
      file = make(name);
      files.set(name, file);
    }
    return (
      file?.catch(() => {
        // There is none, or it can't be read.
        files.delete(name);
        return undefined;
      }) ?? Promise.resolve(undefined)
    );
  };
  return async function answerCompressed(c, next) {
    const name = c.req.path;
    if (!compressible.test(name)) return next();
    c.header('vary', 'Accept-Encoding');
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return next();
    const bytes = await find(name);
    if (!bytes) return next();
    return c.body(bytes, {
      headers: {
        'content-encoding': 'gzip',
        'content-type': getMimeType(name) ?? 'application/octet-stream',
      },
    });
  };
}
