/** Answers of the hub that come line by line, each a value in JSON. */
import { hubFetch } from './hubFetch.ts';

/**
 * Sends a value, and yields what comes as it comes. Ending the loop early ends the request.
 * @param signal ends the request while nothing comes, too
 * @throws what hubFetch throws
 */
export async function* hubLines<Line>(
  path: string,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<Line> {
  const stopping = new AbortController();
  const response = await hubFetch(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.any([stopping.signal, signal]),
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as Line;
    }
  } finally {
    stopping.abort();
  }
}
