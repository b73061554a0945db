/** The sides of a comparison, measured in turns. */
import type { BenchPrompt } from './prompts.ts';
import { median } from './statistics.ts';
import type { Measurement } from './generateWhole.ts';

/** Who takes part, and how it is asked. */
export interface Side {
  name: string;
  run(prompt: BenchPrompt): Promise<Omit<Measurement, 'tokens'>>;
}

/** One side at one prompt, run after run. */
export interface Result {
  side: Side;
  prompt: BenchPrompt;
  runs: Omit<Measurement, 'tokens'>[];
}

/** Every side at every prompt, in turns, so that a change of the machine's speed meets all alike. */
export async function measure(sides: Side[], prompts: BenchPrompt[], rounds: number): Promise<Result[]> {
  const results = sides.flatMap((side) => prompts.map((prompt): Result => ({ side, prompt, runs: [] })));
  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const prompt of prompts) {
      for (const result of results.filter((candidate) => candidate.prompt === prompt)) {
        const run = await result.side.run(prompt);
        if (round > 0) result.runs.push(run);
      }
    }
    process.stderr.write(`round ${round} of ${rounds}\n`);
  }
  return results;
}

/** One row of the result: a side at a prompt length. Medians over the rounds. */
export interface Row {
  side: string;
  promptTokens: number;
  firstTokenMs: number;
  tokenMs: number;
  tokensPerSecond: number;
}

/** Medians over the runs. */
export function summarise(side: string, prompt: BenchPrompt, runs: Result['runs']): Row {
  const tokenMs = median(runs.map((run) => run.tokenMs));
  return {
    side,
    promptTokens: prompt.ids.length,
    firstTokenMs: median(runs.map((run) => run.firstTokenMs)),
    tokenMs,
    tokensPerSecond: 1000 / tokenMs,
  };
}
