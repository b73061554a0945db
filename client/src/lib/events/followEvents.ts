/** The hub's events for this page: by the shared worker where there is one, else by a stream of its own. */
import {
  pingEveryMs,
  type FeedMessage,
  type PageMessage,
  type StreamMessage,
  type StreamState,
} from './messages.ts';
import { openStream } from './openStream.ts';
import { ownAnswers } from './ownAnswers.ts';

/** Times of a ping that a worker which starts may leave unanswered: a busy machine takes its time. */
const mostSilentPings = 3;

/** What a page hears. */
export type FeedListener = (message: StreamMessage) => void;

/**
 * Follows the events until the returned function is called. Lost connections and lost workers are replaced by
 * themselves; after each, a snapshot comes first.
 * @param address of the stream, absolute
 */
export function followEvents(address: string, listener: FeedListener): () => void {
  let close: (() => void) | undefined;
  const giveUp = (): void => {
    close = followVisible(address, listener);
  };
  if ('SharedWorker' in globalThis) {
    const stop = followShared(address, listener, giveUp);
    // It may have given up at once.
    close ??= stop;
  } else giveUp();
  return () => close?.();
}

/** @param giveUp called once, instead of everything else, where the shared worker does not start */
function followShared(address: string, listener: FeedListener, giveUp: () => void): () => void {
  const following = new AbortController();
  const { signal } = following;
  let worker: SharedWorker | undefined;
  let hasAnswered = false;
  let isAnswered = false;
  let silentPings = 0;

  const say = (message: PageMessage): void => worker?.port.postMessage(message);
  const tell = (): void => say({ type: 'ping', address, answers: ownAnswers.ids });
  const ping = (): void => {
    isAnswered = false;
    silentPings = 0;
    tell();
  };
  const stop = (): void => {
    if (signal.aborted) return;
    following.abort();
    clearInterval(timer);
    ownAnswers.standAlone();
    say({ type: 'leave' });
    worker?.port.close();
  };
  const fail = (): void => {
    if (signal.aborted) return;
    stop();
    giveUp();
  };
  const connect = (): void => {
    try {
      worker = new SharedWorker(new URL('./sharedWorker.ts', import.meta.url), {
        type: 'module',
        name: 'potluck events',
      });
    } catch {
      // Where the browser keeps no data of this page.
      return fail();
    }
    const { port } = worker;
    // Where its script does not load, behind some certificates for example.
    worker.addEventListener('error', fail, { signal });
    port.addEventListener(
      'message',
      ({ data }: MessageEvent<FeedMessage>) => {
        if (!hasAnswered) ownAnswers.coordinate(tell);
        hasAnswered = isAnswered = true;
        if (data.type === 'admitted') ownAnswers.admit(data.answers);
        else if (data.type !== 'pong') listener(data);
      },
      { signal },
    );
    port.start();
    ping();
  };

  // The worker may have ended with the process that it lived in, which nobody tells.
  const timer = setInterval(() => {
    if (isAnswered) return ping();
    silentPings += 1;
    if (!hasAnswered) return silentPings < mostSilentPings ? undefined : fail();
    say({ type: 'leave' });
    worker?.port.close();
    hasAnswered = false;
    connect();
  }, pingEveryMs);
  connect();
  // A page in the browser's history hears nothing; when it comes back it is told everything.
  addEventListener('pagehide', () => say({ type: 'leave' }), { signal });
  addEventListener('pageshow', ({ persisted }) => persisted && ping(), { signal });
  return stop;
}

/** A stream of the page's own while somebody can see the page: few pages are seen at a time. */
function followVisible(address: string, listener: FeedListener): () => void {
  const following = new AbortController();
  let close: (() => void) | undefined;
  let told: StreamState = 'connecting';
  const turn = (): void => {
    if (document.visibilityState === 'visible') {
      close ??= openStream(address, (message) => {
        if (message.type === 'state') told = message.state;
        listener(message);
      });
      return;
    }
    close?.();
    close = undefined;
    // A page that rests has lost nothing.
    if (told === 'lost') listener({ type: 'state', state: 'connecting' });
  };
  document.addEventListener('visibilitychange', turn, { signal: following.signal });
  turn();
  return () => {
    following.abort();
    close?.();
  };
}
