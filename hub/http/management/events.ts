/** `GET /api/events`: what happens, as it happens. */
import type { Context } from 'hono';
import type { EventBus, JournalEvent } from '../../live/eventBus.ts';
import type { LiveState } from '../../live/liveState.ts';
import { hasScope } from '../caller.ts';

export interface EventComponents {
  bus: EventBus;
  live: Pick<LiveState, 'snapshot'>;
  /** Aborted when the hub stops. */
  stopping: AbortSignal;
}

/** Silence after which a comment is sent: clients and proxies give up on dead connections. */
const pingEveryMs = 15_000;
/** A reader that leaves so much unread, beside what it missed before, is cut off; it comes back and resumes. */
const mostUnreadBytes = 1024 * 1024;
/** An event of its own, without an id: whoever does not know it leaves it out. */
const goodbye = ': this hub stops; come back for what follows\nevent: hub-stops\ndata: {}\n\n';
/** How soon a browser comes back, in milliseconds. */
const retryMs = 1000;

/**
 * Streams events from the snapshot, or from the one that `Last-Event-ID` names, until the reader goes away or may not read
 * any more: its key was revoked, or its login ended.
 */
export async function streamEvents(c: Context, { bus, live, stopping }: EventComponents): Promise<Response> {
  const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
  // Whoever comes back so soon is to keep what it has seen of the grid: its devices leave because this hub stops.
  if (stopping.aborted) return new Response(`retry: ${retryMs}\n\n${goodbye}`, { headers });
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
            end();
            return;
          }
          controller.enqueue(encoder.encode(text));
          ping.refresh();
        };
        const end = (): void => {
          cleanUp();
          controller.close();
        };
        const sayGoodbye = (): void => {
          write(goodbye);
          if (!over) end();
        };
        const ping = setInterval(() => write(': ping\n\n'), pingEveryMs);
        stopping.addEventListener('abort', sayGoodbye, { once: true });
        const send = (entry: JournalEvent): void => write(linesOf(entry));
        let unsubscribe = (): void => undefined;
        cleanUp = () => {
          over = true;
          clearInterval(ping);
          stopping.removeEventListener('abort', sayGoodbye);
          unsubscribe();
        };
        // What comes while the beginning is put together waits for it.
        const early: JournalEvent[] = [];
        let deliver = (event: JournalEvent): void => void early.push(event);
        unsubscribe = await bus.subscribe((event) => deliver(event));
        if (over) {
          unsubscribe();
          return;
        }
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
  return new Response(body, { headers });
}

function linesOf({ id, event }: JournalEvent): string {
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
