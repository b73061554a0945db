/** How the events of a stream are written. */

export interface StreamFormat {
  contentType: string;
  /** One event as text. @param data as JSON @param name of the event, where the protocol names its events @param number of the event, where the reader may come back for what follows: that in each answer, with dots between */
  event: (data: string, name?: string, number?: string) => string;
  /** Sent after a silence; undefined where the format has nothing that says nothing. */
  ping?: string;
}

export const serverSentEvents: StreamFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  event: (data, name, number) =>
    `${name === undefined ? '' : `event: ${name}\n`}${number === undefined ? '' : `id: ${number}\n`}` +
    `data: ${escapeLineEnds(data)}\n\n`,
  ping: ': ping\n\n',
};

/** One JSON value a line, as Ollama streams. */
export const jsonLines: StreamFormat = {
  contentType: 'application/x-ndjson',
  event: (data) => `${escapeLineEnds(data)}\n`,
};

/** Some clients (Python's `splitlines`) end a line also at these; in JSON they stand only inside strings. */
function escapeLineEnds(json: string): string {
  return json.replaceAll(/[\u0085\u2028\u2029]/g, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
