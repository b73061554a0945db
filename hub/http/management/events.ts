/** `GET /api/events`: what happens, as it happens. */
import type { Context } from 'hono';
import type { EventBus, JournalEvent } from '../../live/eventBus.ts';
import type { LiveState } from '../../live/liveState.ts';
import { hasScope } from '../caller.ts';

export interface EventComponents {
  bus: EventBus;
  live: Pick<LiveState, 'snapshot'>;
}

/** Silence after which a comment is sent: clients and proxies give up on dead connections. */
const pingEveryMs = 15_000;
/** A reader that leaves so much unread, beside what it missed before, is cut off; it comes back and resumes. */
const mostUnreadBytes = 1024 * 1024;
/** How soon a browser comes back, in milliseconds. */
const retryMs = 1000;

/**
 * Streams events from the snapshot, or from the one that `Last-Event-ID` names, until the reader goes away or may not read
 * any more: its key was revoked, or its login ended.
 */
export async function streamEvents(c: Context, { bus, live }: EventComponents): Promise<Response> {
  const encoder = new TextEncoder();
  const known = c.req.header('last-event-id') ?? c.req.query('lastEventId');
  let cleanUp = (): void => undefined;
  let beginning: Uint8Array | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start: async (controller) => {
        let over = false;
        const write = (text: string): void => {
          if (over) return;
          if ((controller.desiredSize ?? 0) < 0 || !hasScope(c.var.callerNow(), 'ask')) {
            cleanUp();
            controller.close();
            return;
          }
          controller.enqueue(encoder.encode(text));
          ping.refresh();
        };
        const ping = setInterval(() => write(': ping\n\n'), pingEveryMs);
        const send = (entry: JournalEvent): void => write(linesOf(entry));
        cleanUp = () => {
          over = true;
          clearInterval(ping);
        };
        // What comes while the beginning is put together waits for it.
        const early: JournalEvent[] = [];
        let deliver = (event: JournalEvent): void => void early.push(event);
        const unsubscribe = await bus.subscribe((event) => deliver(event));
        cleanUp = () => {
          over = true;
          clearInterval(ping);
          unsubscribe();
        };
        const missed = known === undefined ? undefined : await bus.since(known);
        const first = missed ?? [
          { id: await bus.lastId(), event: { type: 'snapshot' as const, snapshot: live.snapshot() } },
        ];
        if (over) return;
        beginning = encoder.encode(`retry: ${retryMs}\n\n${first.map(linesOf).join('')}`);
        controller.enqueue(beginning);
        const sent = new Set(missed?.map(({ id }) => id));
        for (const event of early) if (!sent.has(event.id)) send(event);
        deliver = send;
      },
      cancel: () => cleanUp(),
    },
    { highWaterMark: mostUnreadBytes, size: (chunk) => (chunk === beginning ? 0 : chunk.byteLength) },
  );
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
    },
  });
}

function linesOf({ id, event }: JournalEvent): string {
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
