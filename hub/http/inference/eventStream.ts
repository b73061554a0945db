/** Streams of events that outlive long silences, and end when the reader goes away or does not read. */
import { TextBody } from '../../network/textBody.ts';
import { eventIdOf } from './eventsRead.ts';
import { serverSentEvents, type StreamFormat } from './streamFormat.ts';

/** Silence after which a ping is sent: clients and proxies give up on dead connections. */
const pingEveryMs = 5000;
/** An answer of 1,000 tokens; with the most log probabilities, of 100. Who reads leaves next to nothing. */
const mostUnreadBytes = 256 * 1024;

export interface EventStreamOptions {
  headers: Record<string, string>;
  /** Called when the reader goes away before the end. */
  onCancel: () => void;
  /** Called when the reader leaves too much unread. What it returns is sent as the last event. */
  onUnread: () => [data: string, name?: string];
  /** Default: server-sent events. */
  format?: StreamFormat | undefined;
  /** How many events of each answer the reader has: those that follow are sent, with their numbers. Default: all, without. */
  eventsRead?: readonly number[] | undefined;
  /** How many answers the stream has. Default 1. */
  answers?: number;
}

/**
 * Writes one event.
 * @param data as JSON @param name of the event, where the protocol names its events
 * @param answer which of several it is part of, from 0: the events of each come in the same order whenever they come. What comes
 *   after all of them counts as the first one's
 */
export type SendEvent = (data: string, name?: string, answer?: number) => void;

/**
 * Starts a stream and writes to it what `produce` sends.
 * @param produce must not throw: what goes wrong after the headers is an event, too. `sendLast` writes an event without a number:
 *   a reader that comes back gets another in its place
 */
export function eventStream(
  produce: (send: SendEvent, sendLast: (data: string, name?: string) => void) => Promise<void>,
  options: EventStreamOptions,
): Response {
  const format = options.format ?? serverSentEvents;
  const { eventsRead, answers = 1 } = options;
  /** Events of each answer. */
  const counts = Array.from({ length: answers }, () => 0);
  const body = new TextBody(() => {
    clearInterval(ping);
    options.onCancel();
  });
  const end = (): void => {
    clearInterval(ping);
    body.end();
  };
  const write = (text: string): void => {
    if (body.isOver || text === '') return;
    body.write(text);
    ping.refresh();
    if (body.unreadBytes <= mostUnreadBytes) return;
    body.write(format.event(...options.onUnread()));
    end();
  };
  const ping = setInterval(() => write(format.ping ?? ''), pingEveryMs);
  const sendLast = (data: string, name?: string): void => write(format.event(data, name));
  const send: SendEvent = (data, name, answer = 0) => {
    const count = (counts[answer] ?? 0) + 1;
    counts[answer] = count;
    if (eventsRead === undefined) sendLast(data, name);
    else if (count > (eventsRead[answer] ?? 0)) write(format.event(data, name, eventIdOf(counts)));
  };
  produce(send, sendLast).then(end, end);
  return new Response(body.stream, {
    headers: { 'content-type': format.contentType, ...options.headers },
  });
}
