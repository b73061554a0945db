/** What one more crossing costs a token, by its parts. */
import type { StageParts } from './ask.ts';
import type { Grid } from './ourSide.ts';
import type { BenchPrompt } from './prompts.ts';
import { median } from './statistics.ts';

/** Milliseconds per crossing; the parts add up to `perCrossingMs`. */
export interface HopCost {
  stages: number;
  promptTokens: number;
  /** Boundaries, and the way of the token back to the first stage. */
  crossings: number;
  /** (time per token split - unsplit) / crossings. */
  perCrossingMs: number;
  queueMs: number;
  /** Tensors into frames. */
  serialiseMs: number;
  /** From the sender's script to the receiver's. */
  wireMs: number;
  /** Frames into tensors. */
  deserialiseMs: number;
  /** What the stages compute longer, together, than one alone: colder caches, one more run of a session. */
  computeMs: number;
  /** The rest: from the event loop to the engine's thread and back, waking up. */
  threadsMs: number;
}

type Part = Exclude<keyof StageParts, 'steps'>;

/** Times of one token, in milliseconds; the parts are sums over the stages. */
export type TokenTimes = Record<Part | 'tokenMs', number>;

/** What decoding takes with a number of stages; medians over the rounds. */
export interface SplitTimes {
  stages: number;
  token: TokenTimes;
}

/** Measures decoding at one prompt, grids in turns. */
export async function measureSplits(
  grids: Grid[],
  prompt: BenchPrompt,
  { rounds, newTokens }: { rounds: number; newTokens: number },
): Promise<SplitTimes[]> {
  const results = grids.map((grid) => ({ grid, runs: [] as TokenTimes[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { grid, runs } of results) runs.push(await measureToken(grid, prompt, newTokens));
  }
  return results.map(({ grid: { stages }, runs }) => {
    const middle = (part: keyof TokenTimes): number => median(runs.map((run) => run[part]));
    return {
      stages,
      token: {
        tokenMs: middle('tokenMs'),
        queueMs: middle('queueMs'),
        encodeMs: middle('encodeMs'),
        wireMs: middle('wireMs'),
        decodeMs: middle('decodeMs'),
        computeMs: middle('computeMs'),
      },
    };
  });
}

/** Measures what a crossing costs at one prompt; grids in turns, one of them with a single stage. */
export async function measureHops(
  grids: Grid[],
  prompt: BenchPrompt,
  settings: { rounds: number; newTokens: number },
): Promise<HopCost[]> {
  const splits = await measureSplits(grids, prompt, settings);
  const unsplit = splits.find(({ stages }) => stages === 1);
  if (!unsplit) return [];
  return splits
    .filter(({ stages }) => stages > 1)
    .map(({ stages, token }) => {
      // n stages: n - 1 boundaries, and the token's way back.
      const crossings = stages;
      const more = (part: keyof TokenTimes): number => (token[part] - unsplit.token[part]) / crossings;
      const parts = {
        queueMs: more('queueMs'),
        serialiseMs: more('encodeMs'),
        wireMs: more('wireMs'),
        deserialiseMs: more('decodeMs'),
        computeMs: more('computeMs'),
      };
      const perCrossingMs = more('tokenMs');
      const threadsMs = perCrossingMs - Object.values(parts).reduce((sum, part) => sum + part, 0);
      return { stages, promptTokens: prompt.ids.length, crossings, perCrossingMs, ...parts, threadsMs };
    });
}

/** Sums of a request, less those of one that ends at its first token, are those of the tokens after it. */
async function measureToken(grid: Grid, prompt: BenchPrompt, newTokens: number): Promise<TokenTimes> {
  const first = await grid.generate(prompt.content, 1);
  const all = await grid.generate(prompt.content, newTokens);
  const perToken = (part: Part): number =>
    all.stages.reduce((sum, stage, index) => {
      const before = first.stages[index];
      if (!before) throw new Error('the number of stages changed while it was measured');
      return sum + (stage[part] - before[part]) / (stage.steps - before.steps);
    }, 0);
  return {
    tokenMs: all.tokenMs,
    queueMs: perToken('queueMs'),
    encodeMs: perToken('encodeMs'),
    wireMs: perToken('wireMs'),
    decodeMs: perToken('decodeMs'),
    computeMs: perToken('computeMs'),
  };
}
