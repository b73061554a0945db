/** Server-sent events that outlive long silences, and end when the reader goes away or does not read. */

/** Silence after which a comment is sent: clients and proxies give up on dead connections. */
const pingEveryMs = 5000;
/** An answer of 1,000 tokens; with the most log probabilities, of 100. Who reads leaves next to nothing. */
const mostUnreadBytes = 256 * 1024;

export interface EventStreamOptions {
  headers: Record<string, string>;
  /** Called when the reader goes away before the end. */
  onCancel: () => void;
  /** Called when the reader leaves too much unread. What it returns is sent as the last event. */
  onUnread: () => string;
  /** Default 5000. */
  pingEveryMs?: number;
}

/** Writes one event. @param data as JSON @param name of the event, where the protocol names its events */
export type SendEvent = (data: string, name?: string) => void;

/**
 * Starts a stream and writes to it what `produce` sends, each as one `data:` line.
 * @param produce must not throw: what goes wrong after the headers is an event, too
 */
export function eventStream(
  produce: (send: SendEvent) => Promise<void>,
  options: EventStreamOptions,
): Response {
  const encoder = new TextEncoder();
  let over = false;
  let ping: NodeJS.Timeout | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        ping = setInterval(() => write(': ping\n\n'), options.pingEveryMs ?? pingEveryMs);
        const write = (text: string): void => {
          if (over) return;
          controller.enqueue(encoder.encode(text));
          ping?.refresh();
          if ((controller.desiredSize ?? 0) >= 0) return;
          controller.enqueue(encoder.encode(eventText(options.onUnread())));
          end();
        };
        const end = (): void => {
          clearInterval(ping);
          if (over) return;
          over = true;
          controller.close();
        };
        produce((data, name) => write(eventText(data, name))).then(end, end);
      },
      cancel: () => {
        over = true;
        clearInterval(ping);
        options.onCancel();
      },
    },
    { highWaterMark: mostUnreadBytes, size: ({ byteLength }) => byteLength },
  );
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      ...options.headers,
    },
  });
}

function eventText(data: string, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${escapeLineEnds(data)}\n\n`;
}

/** Some clients (Python's `splitlines`) end a line also at these; in JSON they stand only inside strings. */
function escapeLineEnds(json: string): string {
  return json.replaceAll(/[\u0085\u2028\u2029]/g, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
