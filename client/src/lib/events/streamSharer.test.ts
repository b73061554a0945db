import type { Activity, LiveEvent } from '@potluck/api';
import { expect, test } from 'vitest';
import { mostAnswersAtOnce } from './answerLimit.ts';
import type { FeedMessage } from './messages.ts';
import { StreamSharer, type OpenStream } from './streamSharer.ts';

const address = 'http://hub.test/api/events';
const snapshot: LiveEvent = {
  type: 'snapshot',
  snapshot: { nodes: [], deployments: [], models: [], imports: [], requests: [] },
};
const running: Activity = {
  ...{
    id: 'a',
    model: 'small',
    createdAt: 1,
    nodeIds: [],
    queuePlace: null,
    promptTokensRead: 0,
    promptTokens: 1,
    completionTokens: 0,
  },
  ...{ status: 'running', tokensPerSecond: null, errorCode: null, hasReader: true, paused: null },
};

/** Streams that a test speaks for, and pages that keep what they hear. */
function setUp() {
  const streams: { tell: Parameters<OpenStream>[1]; isOpen: boolean }[] = [];
  const sharer = new StreamSharer((opened, tell) => {
    expect(opened).toBe(address);
    const stream = { tell, isOpen: true };
    streams.push(stream);
    return () => (stream.isOpen = false);
  });
  const page = () => {
    const heard: FeedMessage[] = [];
    return { heard, postMessage: (message: FeedMessage) => void heard.push(message) };
  };
  return { sharer, streams, page };
}

test('all pages share one stream, and who comes later is told what the others know', () => {
  const { sharer, streams, page } = setUp();
  const [first, second] = [page(), page()];
  sharer.take(first, { type: 'ping', address, answers: [] });
  streams[0]?.tell({ type: 'state', state: 'open' });
  streams[0]?.tell({ type: 'event', event: snapshot });
  streams[0]?.tell({ type: 'event', event: { type: 'request', request: running } });
  sharer.take(second, { type: 'ping', address, answers: [] });
  expect(streams).toHaveLength(1);
  expect(second.heard).toEqual([
    { type: 'state', state: 'open' },
    { type: 'event', event: { type: 'snapshot', snapshot: { ...snapshot.snapshot, requests: [running] } } },
    { type: 'pong' },
  ]);
  streams[0]?.tell({ type: 'state', state: 'lost' });
  expect([first.heard.at(-1), second.heard.at(-1)]).toEqual(Array(2).fill({ type: 'state', state: 'lost' }));
});

test('the stream ends with the last page, and begins anew with the next one', () => {
  const { sharer, streams, page } = setUp();
  const [first, second] = [page(), page()];
  sharer.take(first, { type: 'ping', address, answers: [] });
  sharer.take(second, { type: 'ping', address, answers: [] });
  streams[0]?.tell({ type: 'event', event: snapshot });
  sharer.take(first, { type: 'leave' });
  expect(streams[0]?.isOpen).toBe(true);
  sharer.take(second, { type: 'leave' });
  expect(streams[0]?.isOpen).toBe(false);
  sharer.take(first, { type: 'ping', address, answers: [] });
  expect(streams).toHaveLength(2);
  // What the first stream told may be old by now.
  expect(first.heard.slice(-2)).toEqual([{ type: 'state', state: 'connecting' }, { type: 'pong' }]);
});

test('a page that was frozen or crashed costs nothing, and is told everything when it wakes', () => {
  const { sharer, streams, page } = setUp();
  const [asleep, awake] = [page(), page()];
  sharer.take(asleep, { type: 'ping', address, answers: [] }, 0);
  sharer.take(awake, { type: 'ping', address, answers: [] }, 0);
  streams[0]?.tell({ type: 'event', event: snapshot });
  // A hidden page speaks once a minute.
  sharer.take(awake, { type: 'ping', address, answers: [] }, 120_000);
  sharer.dropSilent(160_000);
  const before = asleep.heard.length;
  streams[0]?.tell({ type: 'event', event: { type: 'request', request: running } });
  expect(asleep.heard).toHaveLength(before);
  sharer.take(asleep, { type: 'ping', address, answers: [] }, 200_000);
  expect(asleep.heard.slice(before)).toMatchObject([
    { type: 'state' },
    { type: 'event', event: { type: 'snapshot', snapshot: { requests: [{ id: 'a' }] } } },
    { type: 'pong' },
  ]);
});

test('as many answers come at once as connections allow; the next begins when one ends or its page is gone', () => {
  const { sharer, page } = setUp();
  const pages = Array.from({ length: mostAnswersAtOnce + 2 }, page);
  const say = (index: number, answers: string[], now = 0): void => {
    const speaker = pages[index];
    if (speaker) sharer.take(speaker, { type: 'ping', address, answers }, now);
  };
  const admitted = (index: number): string[] | undefined =>
    pages[index]?.heard.findLast((message) => message.type === 'admitted')?.answers;
  for (const [index] of pages.entries()) say(index, [`${index}`]);
  expect(admitted(5)).toEqual(['0', '1', '2', '3']);
  say(2, []);
  expect(admitted(4)).toEqual(['0', '1', '3', '4']);
  const told = pages[4]?.heard.length ?? 0;
  for (const index of [0, 1, 3, 4]) say(index, [`${index}`], 200_000);
  // Nothing changed.
  expect(pages[4]?.heard.slice(told)).toEqual([{ type: 'pong' }]);
  say(0, [], 200_000);
  expect(admitted(4)).toEqual(['1', '3', '4', '5']);
  // The last page was closed without a word, and another one has come since.
  say(2, ['later'], 200_000);
  sharer.dropSilent(200_000);
  expect(admitted(2)).toEqual(['1', '3', '4', 'later']);
});
