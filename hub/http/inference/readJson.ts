/** The JSON of a request. */
import type { Context } from 'hono';
import { messageOf } from '../../errors/messageOf.ts';
import { ApiError } from '../apiError.ts';
import { turnAfter } from '../turnAfter.ts';
import { parseJson } from './parseJson.ts';

/** @throws ApiError 400 saying where it is wrong */
export async function readJson(c: Context): Promise<unknown> {
  const text = await c.req.text();
  try {
    const parsed = parseJson(text);
    await turnAfter(text);
    return parsed;
  } catch (cause) {
    const where = /position \d/.test(messageOf(cause)) ? '' : whereWrong(text);
    throw new ApiError(400, `The body is not valid JSON: ${messageOf(cause)}${where}.`, {
      code: 'invalid_json',
      cause,
    });
  }
}

/** Longer texts take too long to be looked through again. */
const mostSearched = 100_000;

/** V8 does not tell where an unexpected sign is, so the longest beginning is sought that only lacks its end. */
function whereWrong(text: string): string {
  if (text.length > mostSearched) return '';
  let [least, most] = [0, text.length];
  while (least < most) {
    const middle = (least + most) >> 1;
    if (onlyLacksItsEnd(text.slice(0, middle))) least = middle + 1;
    else most = middle;
  }
  const lines = text.slice(0, least).split('\n');
  return ` (line ${lines.length}, column ${lines.at(-1)?.length ?? 0})`;
}

function onlyLacksItsEnd(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = messageOf(error);
    const position = /position (\d+)/.exec(message)?.[1];
    return position === undefined ? message.includes('end of JSON') : Number(position) >= text.length;
  }
}
