/** Many answers at once: what a token costs each hub that it goes through, and how much later the client has it. */
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadedHub } from './loadedHub.ts';
import { growthOf, watchMemory, type WatchedMemory } from './memoryGrowth.ts';
import type { ProcessUse } from './observer.ts';
import { readAnswer, type ReadAnswer } from './readAnswer.ts';
import type { SimulatedGrid } from './simulatedGrid.ts';

export interface LoadOptions {
  model: string;
  /** All together; each hub is asked for as many. */
  streams: number;
  /** Of each answer; few answers get more, so that their cost stands out from what the hub does anyway. */
  tokensPerSecond: number;
  seconds: number;
  /** Of one answer, after which its client asks for the next. Default: as many as come in all that time. */
  answerTokens?: number | undefined;
}

export interface LoadRow {
  hub: LoadedHub['role'];
  /** That ask this hub. */
  streams: number;
  /** That go through it: through one that leads, those of all streams. */
  'tokens/s': number;
  /** Processor time of the whole process, with what it takes anyway for the workers that are here. */
  'CPU ms/token': number;
  /** The same of the thread that serves. */
  'of the main thread': number;
  /** Without what it takes anyway. */
  'of answers': number;
  /** From a worker that sends a token to a client of this hub that has it, in milliseconds. */
  'added p50 ms': number;
  'added p99 ms': number;
  'loop p50 ms': number;
  'loop p99 ms': number;
  'turn p99 ms': number;
  'turn max ms': number;
  'resident MB': number;
  'heap MB': number;
  /** Of the resident memory. */
  'MB/minute': number;
  /** Of the heap once all garbage is collected, at the last full minute; NaN where that was not measured. */
  'kept MB': number;
  'kept MB/minute': number;
}

export interface MeasuredLoad {
  rows: LoadRow[];
  memory: Record<string, WatchedMemory>;
}

/** Answers that have just begun cost more: templates, prompts, first tokens. */
const settleMs = 3000;
/** When workers have joined or answers have ended, the hub writes that down and looks whether other places pay by now. */
const calmMs = 15_000;
const idleSeconds = 5;
/** Of all answers together, a second. */
const leastTokens = 100;

export async function measureLoad(
  hubs: readonly LoadedHub[],
  grid: SimulatedGrid,
  { model, streams, tokensPerSecond: wanted, seconds, answerTokens }: LoadOptions,
): Promise<MeasuredLoad> {
  const tokensPerSecond = Math.max(wanted, leastTokens / streams);
  grid.tokensPerSecond = tokensPerSecond;
  const idle = await Promise.all(hubs.map((hub) => measureIdle(hub, idleSeconds)));
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const maxTokens = answerTokens ?? Math.ceil(tokensPerSecond * (seconds + settleMs / 1000 + 2));
  const asking = hubs.slice(0, streams);
  const answers: (ReadAnswer & { hub: LoadedHub })[] = [];
  const ask = async (hub: LoadedHub, stream: number): Promise<ReadAnswer> => {
    const content = `${stream + 1}. Tell me about the old mill by the river.`;
    const answer = await readAnswer({ url: hub.url, agent, model, content, maxTokens });
    answers.push({ hub, ...answer });
    return answer;
  };
  const measuring = new AbortController();
  const goOn = async (hub: LoadedHub, stream: number, first: ReadAnswer): Promise<void> => {
    for (let { ended } = first; ; { ended } = await ask(hub, stream)) {
      await ended;
      if (measuring.signal.aborted) return;
    }
  };
  const streaming = await Promise.all(
    Array.from({ length: streams }, async (_, stream) => {
      const hub = asking[stream % asking.length] as LoadedHub;
      // Not all in the same moment.
      await pause((1000 / tokensPerSecond) * ((stream * 0.618) % 1));
      const first = await ask(hub, stream);
      return { hub, goesOn: answerTokens === undefined ? first.ended : goOn(hub, stream, first) };
    }),
  );
  await pause(settleMs);
  const uses = (): Promise<ProcessUse[]> => Promise.all(hubs.map((hub) => hub.use()));
  const before = await uses();
  const began = performance.now();
  const watching = Promise.all(hubs.map((hub) => watchMemory(hub, measuring.signal)));
  await pause(1000 * seconds);
  measuring.abort();
  const memory = await watching;
  const after = await uses();
  const ended = performance.now();
  const added = hubs.map((hub) =>
    addedIn(
      answers.filter((answer) => answer.hub === hub),
      grid,
      { began, ended },
    ),
  );
  await Promise.all(streaming.map(({ goesOn }) => goesOn));
  agent.destroy();
  const elapsed = (ended - began) / 1000;
  const allTokens = added.reduce((sum, { length }) => sum + length, 0);
  const rows = hubs.map((hub, index): LoadRow => {
    const [first, last] = [before[index] as ProcessUse, after[index] as ProcessUse];
    const times = added[index] ?? [];
    const tokens = hub.role === 'follows' ? times.length : allTokens;
    const at = (part: number): number => times[Math.floor(part * (times.length - 1))] ?? Number.NaN;
    const cpuMs = last.cpuMs - first.cpuMs;
    return {
      hub: hub.role,
      streams: streaming.filter((one) => one.hub === hub).length,
      'tokens/s': tokens / elapsed,
      'CPU ms/token': cpuMs / tokens,
      'of the main thread': (last.mainMs - first.mainMs) / tokens,
      'of answers': (cpuMs - elapsed * (idle[index]?.cpuMs ?? 0)) / tokens,
      'added p50 ms': at(0.5),
      'added p99 ms': at(0.99),
      'loop p50 ms': last.delay.p50,
      'loop p99 ms': last.delay.p99,
      'turn p99 ms': last.turn.p99,
      'turn max ms': last.turn.max,
      'resident MB': last.residentBytes / 1e6,
      'heap MB': last.heapBytes / 1e6,
      'MB/minute': growthOf(memory[index]?.samples ?? [], 'residentBytes'),
      'kept MB': (memory[index]?.collected.at(-1)?.heapBytes ?? Number.NaN) / 1e6,
      'kept MB/minute': growthOf(memory[index]?.collected ?? [], 'heapBytes'),
    };
  });
  return {
    rows,
    memory: Object.fromEntries(
      hubs.flatMap(({ role, url }, index) => {
        const watched = memory[index];
        return watched ? [[`${role} ${url}`, watched]] : [];
      }),
    ),
  };
}

/** How much later clients had tokens than their workers sent them, in milliseconds, in order. */
function addedIn(
  answers: readonly ReadAnswer[],
  grid: SimulatedGrid,
  { began, ended }: { began: number; ended: number },
): number[] {
  const added = answers.flatMap(({ sessionId, cameAt }) => {
    const sentAt = grid.sentAt(sessionId);
    return cameAt.flatMap((at, index) => {
      const sent = sentAt[index];
      return at >= began && at < ended && sent !== undefined ? [at - sent] : [];
    });
  });
  return added.sort((one, other) => one - other);
}

/** @returns what the hub takes a second when nobody has asked for a while, in milliseconds */
export async function measureIdle(
  hub: LoadedHub,
  seconds: number,
): Promise<Pick<ProcessUse, 'cpuMs' | 'mainMs'>> {
  await pause(calmMs);
  const before = await hub.use();
  await pause(1000 * seconds);
  const after = await hub.use();
  return {
    cpuMs: (after.cpuMs - before.cpuMs) / seconds,
    mainMs: (after.mainMs - before.mainMs) / seconds,
  };
}
