/**
 * How late the event loop is: every token of every answer waits that long. By gaps of a timer, since Node's own
 * `monitorEventLoopDelay` missed blocks of a second (seen with 24.21).
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

export interface LoopDelay {
  /** Of the last one to two minutes, in milliseconds. */
  now(): LoopDelays;
  stop(): void;
}

export interface LoopDelays {
  p99: number;
  max: number;
  /**
   * Processor time of this thread in its longest turn, and in what else fell between two looks. Where `max` is far above it,
   * the machine was busy with other things.
   */
  longestTurn: number;
}

interface Span {
  delays: RecordableHistogram;
  longestTurn: number;
}

const spanMs = 60_000;
const newSpan = (): Span => ({ delays: createHistogram(), longestTurn: 0 });

/** @param everyMs how often it looks; a test that must know single turns looks every millisecond */
export function watchLoop(everyMs = 20): LoopDelay {
  let spans: [Span, Span] = [newSpan(), newSpan()];
  let [last, since, lastUsed] = [performance.now(), performance.now(), usedMs()];
  const look = (): void => {
    const [now, used] = [performance.now(), usedMs()];
    if (now - since > spanMs) {
      spans = [newSpan(), spans[0]];
      since = now;
    }
    const [span] = spans;
    // A histogram takes whole numbers from 1 on: microseconds.
    span.delays.record(Math.max(1, Math.round((now - last - everyMs) * 1000)));
    span.longestTurn = Math.max(span.longestTurn, used - lastUsed);
    [last, lastUsed] = [now, used];
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    now: () => {
      look();
      const both = createHistogram();
      for (const { delays } of spans) if (delays.count > 0) both.add(delays);
      const longestTurn = Math.max(...spans.map((span) => span.longestTurn));
      return { p99: both.percentile(99) / 1000, max: both.max / 1000, longestTurn };
    },
    stop: () => clearInterval(timer),
  };
}

/** Processor time that this thread has used, in milliseconds. */
function usedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
