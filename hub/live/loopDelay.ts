/**
 * How late the event loop is: every token of every answer waits that long. By gaps of a timer, since Node's own
 * `monitorEventLoopDelay` missed blocks of a second (seen with 24.21).
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

export interface LoopDelay {
  /** Of the last one to two minutes, in milliseconds. */
  now(): { p99: number; max: number };
  stop(): void;
}

const everyMs = 20;
const spanMs = 60_000;

export function watchLoop(): LoopDelay {
  let spans: [RecordableHistogram, RecordableHistogram] = [createHistogram(), createHistogram()];
  let [last, since] = [performance.now(), performance.now()];
  const look = (): void => {
    const now = performance.now();
    if (now - since > spanMs) {
      spans = [createHistogram(), spans[0]];
      since = now;
    }
    // A histogram takes whole numbers from 1 on: microseconds.
    spans[0].record(Math.max(1, Math.round((now - last - everyMs) * 1000)));
    last = now;
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    now: () => {
      look();
      const both = createHistogram();
      for (const one of spans) if (one.count > 0) both.add(one);
      return { p99: both.percentile(99) / 1000, max: both.max / 1000 };
    },
    stop: () => clearInterval(timer),
  };
}
