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
/** A reader that leaves so many events unread is cut off; it comes back and resumes. */
const mostUnread = 1000;
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
        const send = ({ id, event }: JournalEvent): void =>
          write(`id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
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
        write(`retry: ${retryMs}\n\n`);
        const missed = known === undefined ? undefined : await bus.since(known);
        if (missed) missed.forEach(send);
        else send({ id: await bus.lastId(), event: { type: 'snapshot', snapshot: live.snapshot() } });
        const sent = new Set(missed?.map(({ id }) => id));
        for (const event of early) if (!sent.has(event.id)) send(event);
        deliver = send;
      },
      cancel: () => cleanUp(),
    },
    { highWaterMark: mostUnread },
  );
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
    },
  });
}
