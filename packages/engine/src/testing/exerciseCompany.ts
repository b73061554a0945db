/**
 * Asks a stage for answers of several sessions, one after the other and all at once. It knows no test library and no Node, so
 * that pages run it, too.
 */
import { SamplingDescription } from '@potluck/protocol';
import type { Stage } from '../contract/stage.ts';

/** Greedy, with numbers that tell logits apart by their last bits. */
const sampling = SamplingDescription.parse({ temperature: 0, seed: 0, topLogprobs: 5 });

export interface CompanyAnswers {
  /** What each session drew, with its numbers: the sessions one after the other. */
  alone: unknown[][];
  /** The same, all sessions at once. */
  together: unknown[][];
  /** The most steps of all at once that had the same run. */
  mostShared: number;
  /** Milliseconds of all steps after the prompts, of the sessions one after the other and all at once. */
  aloneMs: number;
  togetherMs: number;
}

/** @param stage a whole model of at least 500 words of vocabulary and 64 tokens of context; it is disposed of at the end */
export async function exerciseCompany(
  stage: Stage,
  sessions: number,
  steps: number,
): Promise<CompanyAnswers> {
  const runs = new Map<number, number>();
  const capacity = 24 + steps;
  const begin = async (cacheId: string, session: number): Promise<unknown> => {
    const length = promptLength(session);
    await stage.open({ cacheId, epoch: 0, capacity, promptLength: length, sampling });
    return (await stage.step(stepOf(cacheId, session, 0, length))).sampled;
  };
  const goOn = async (cacheId: string, session: number): Promise<unknown[]> => {
    const drawn: unknown[] = [];
    for (let step = 0; step < steps; step++) {
      const result = await stage.step(stepOf(cacheId, session, promptLength(session) + step, 1));
      // Steps of a run have the same share of its time.
      runs.set(result.computeMs, (runs.get(result.computeMs) ?? 0) + 1);
      drawn.push(result.sampled);
    }
    return drawn;
  };
  const all = Array.from({ length: sessions }, (_, session) => session);
  const play = async (prefix: string, isTogether: boolean): Promise<{ answers: unknown[][]; ms: number }> => {
    const answers: unknown[][] = [];
    for (const session of all) answers.push([await begin(`${prefix} ${session}`, session)]);
    const started = performance.now();
    const continued: unknown[][] = [];
    if (isTogether)
      continued.push(...(await Promise.all(all.map((session) => goOn(`${prefix} ${session}`, session)))));
    else for (const session of all) continued.push(await goOn(`${prefix} ${session}`, session));
    const ms = performance.now() - started;
    for (const session of all) await stage.release(`${prefix} ${session}`);
    return { answers: answers.map((begun, session) => [...begun, ...(continued[session] ?? [])]), ms };
  };
  const alone = await play('alone', false);
  runs.clear();
  const together = await play('together', true);
  await stage.dispose();
  return {
    ...{ alone: alone.answers, together: together.answers, mostShared: Math.max(...runs.values()) },
    ...{ aloneMs: alone.ms, togetherMs: together.ms },
  };
}

function promptLength(session: number): number {
  return 1 + ((session * 7) % 18);
}

/** Tokens that are made up, so that they are the same whatever comes out. */
function stepOf(cacheId: string, session: number, position: number, length: number) {
  const tokenIds = Array.from({ length }, (_, row) => (session * 131 + (position + row) * 37 + 5) % 500);
  return { cacheId, epoch: 0, position, length, tokenIds, sample: true };
}
