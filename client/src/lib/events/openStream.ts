/** One event stream from the hub. It comes back by itself after a lost connection, and after a refusal. */
import type { LiveEvent } from '@potluck/api';
import type { StreamMessage } from './messages.ts';

/** Pause before a stream that the hub refused is asked for again, in milliseconds. */
const refusedPauseMs = 3000;

/**
 * @param address of the stream
 * @returns a function that ends it
 */
export function openStream(address: string, tell: (message: StreamMessage) => void): () => void {
  let source: EventSource;
  let again: ReturnType<typeof setTimeout> | undefined;
  const connect = (): void => {
    source = new EventSource(address);
    source.addEventListener('open', () => tell({ type: 'state', state: 'open' }));
    source.addEventListener('error', () => {
      // The browser comes back by itself, except where the hub said no.
      if (source.readyState !== EventSource.CLOSED) return tell({ type: 'state', state: 'lost' });
      tell({ type: 'state', state: 'refused' });
      again = setTimeout(connect, refusedPauseMs);
    });
    source.addEventListener('hub-stops', () => tell({ type: 'state', state: 'stopping' }));
    for (const type of eventTypes) {
      source.addEventListener(type, ({ data }: MessageEvent<string>) =>
        tell({ type: 'event', event: JSON.parse(data) as LiveEvent }),
      );
    }
  };
  connect();
  return () => {
    clearTimeout(again);
    source.close();
  };
}

const eventTypes = [
  'snapshot',
  'node',
  'node-left',
  'deployment',
  'deployment-removed',
  'model',
  'model-removed',
  'import',
  'import-removed',
  'request',
] as const satisfies LiveEvent['type'][];
