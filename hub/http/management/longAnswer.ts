/** Answers that are longer than one turn of the event loop should take: read, written as JSON and sent piece by piece. */
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

/** Characters that are written in one turn: a few milliseconds, in which tokens of others wait. */
const turnCharacters = 256 * 1024;
/** Rows that are read at a time: what comes from the database's thread is taken over in one turn. */
const pageRows = 50;

/** @param read the rows that follow `last`, as many as `limit` at most */
export async function* rowsInPages<Row>(
  read: (limit: number, last: Row | undefined) => Promise<Row[]>,
): AsyncGenerator<Row> {
  let last: Row | undefined;
  for (;;) {
    const page = await read(pageRows, last);
    yield* page;
    last = page.at(-1);
    if (page.length < pageRows) return;
  }
}

/** A response's body. */
export function longText(pieces: AsyncIterable<string>): ReadableStream {
  return Readable.toWeb(Readable.from(inTurns(pieces))) as ReadableStream;
}

async function* inTurns(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = '';
  for await (const piece of pieces) {
    text += piece;
    if (text.length < turnCharacters) continue;
    yield encoder.encode(text);
    text = '';
    await setImmediate();
  }
  if (text !== '') yield encoder.encode(text);
}
