/** Many answers at once on one hub: what a token costs the hub, and how much later the client has it. */
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadedHub } from './loadedHub.ts';
import type { ProcessUse } from './observer.ts';
import { readAnswer } from './readAnswer.ts';
import type { SimulatedGrid } from './simulatedGrid.ts';

export interface LoadOptions {
  model: string;
  streams: number;
  /** Of each answer; few answers get more, so that their cost stands out from what the hub does anyway. */
  tokensPerSecond: number;
  seconds: number;
}

export interface LoadRow {
  streams: number;
  'tokens/s': number;
  /** Processor time of the whole process, with what it takes anyway for the workers that are here. */
  'CPU ms/token': number;
  /** The same of the thread that serves. */
  'of the main thread': number;
  /** Without what it takes anyway. */
  'of answers': number;
  /** From a worker that sends a token to a client that has it, in milliseconds. */
  'added p50 ms': number;
  'added p99 ms': number;
  'loop p50 ms': number;
  'loop p99 ms': number;
  'turn p99 ms': number;
  'turn max ms': number;
  'resident MB': number;
  'heap MB': number;
}

/** Answers that have just begun cost more: templates, prompts, first tokens. */
const settleMs = 3000;
const idleSeconds = 5;
/** Of all answers together, a second. */
const leastTokens = 100;

export async function measureLoad(
  hub: LoadedHub,
  grid: SimulatedGrid,
  { model, streams, tokensPerSecond: wanted, seconds }: LoadOptions,
): Promise<LoadRow> {
  const tokensPerSecond = Math.max(wanted, leastTokens / streams);
  grid.tokensPerSecond = tokensPerSecond;
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const maxTokens = Math.ceil(tokensPerSecond * (seconds + settleMs / 1000 + 2));
  const answers = await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      // Not all in the same moment.
      await pause((1000 / tokensPerSecond) * ((index * 0.618) % 1));
      const content = `${index + 1}. Tell me about the old mill by the river.`;
      return readAnswer({ url: hub.url, agent, model, content, maxTokens });
    }),
  );
  await pause(settleMs);
  const before = await hub.use();
  const began = performance.now();
  await pause(1000 * seconds);
  const after = await hub.use();
  const ended = performance.now();
  const added: number[] = [];
  for (const { sessionId, cameAt } of answers) {
    const sentAt = grid.sentAt(sessionId);
    for (const [index, at] of cameAt.entries())
      if (at >= began && at < ended && sentAt[index] !== undefined) added.push(at - sentAt[index]);
  }
  await Promise.all(answers.map((answer) => answer.ended));
  agent.destroy();
  await pause(settleMs);
  const { cpuMs: idleMs } = await measureIdle(hub, idleSeconds);
  added.sort((one, other) => one - other);
  const at = (part: number): number => added[Math.floor(part * (added.length - 1))] ?? Number.NaN;
  const elapsed = (ended - began) / 1000;
  return {
    streams,
    'tokens/s': added.length / elapsed,
    'CPU ms/token': (after.cpuMs - before.cpuMs) / added.length,
    'of the main thread': (after.mainMs - before.mainMs) / added.length,
    'of answers': (after.cpuMs - before.cpuMs - elapsed * idleMs) / added.length,
    'added p50 ms': at(0.5),
    'added p99 ms': at(0.99),
    'loop p50 ms': after.delay.p50,
    'loop p99 ms': after.delay.p99,
    'turn p99 ms': after.turn.p99,
    'turn max ms': after.turn.max,
    'resident MB': after.residentBytes / 1e6,
    'heap MB': after.heapBytes / 1e6,
  };
}

/** @returns what the hub takes a second while nobody asks, in milliseconds */
export async function measureIdle(
  hub: LoadedHub,
  seconds: number,
): Promise<Pick<ProcessUse, 'cpuMs' | 'mainMs'>> {
  const before = await hub.use();
  await pause(1000 * seconds);
  const after = await hub.use();
  return {
    cpuMs: (after.cpuMs - before.cpuMs) / seconds,
    mainMs: (after.mainMs - before.mainMs) / seconds,
  };
}
