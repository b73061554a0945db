/**
 * Asks a stage for every verb of its contract. It knows no test library and no Node, so that pages run it, too: what a
 * whole model answers is the same wherever it is computed.
 */
import { SamplingDescription } from '@potluck/protocol';
import type { Stage } from '../contract/stage.ts';

const prompt = [1, 7, 33, 200, 55, 400];
const sampling = SamplingDescription.parse({ temperature: 0, seed: 0 });
const opening = { epoch: 0, capacity: 24, promptLength: prompt.length, sampling, tokens: prompt };

/** What a whole model answered. */
export interface StageAnswers {
  /** After the prompt. */
  answer: number[];
  /** A fork of the cache after the answer's first three tokens, fed its third again. */
  ofFork: number[];
  /** The first cache, cut back to the same place. */
  ofTruncated: number[];
  /** The first cache, carried over into the next epoch and fed what comes next. */
  ofCarriedOver: number[];
  /** Open caches and their tokens of capacity: at the most, and at the end. */
  usage: { caches: number; tokens: number }[];
  /** `name: code` of what each wrong request was refused with. */
  refusals: Record<string, string>;
}

/** @param stage a whole model of at least 512 words of vocabulary and 24 tokens of context; it is disposed of at the end */
export async function exerciseStage(stage: Stage): Promise<StageAnswers> {
  await stage.warmUp();
  await stage.open({ cacheId: 'a', ...opening });
  const answer = await goOn(stage, 'a', 0, prompt, 6);
  const place = prompt.length + 2;
  const next = answer.slice(2, 3);
  await stage.open({ cacheId: 'b', ...opening, from: { cacheId: 'a', length: place, take: false } });
  await stage.truncate('a', place);
  const usage = [await usageOf(stage)];
  const ofFork = await goOn(stage, 'b', place, next, 3);
  const ofTruncated = await goOn(stage, 'a', place, next, 3);
  await stage.open({ cacheId: 'a', ...opening, epoch: 1 });
  const ofCarriedOver = await goOn(stage, 'a', place + 3, ofTruncated.slice(-1), 1, 1);
  const step = { cacheId: 'a', epoch: 1, position: place + 4, length: 1, tokenIds: [1], sample: true };
  const ofA = (length: number) => ({ cacheId: 'a', length, take: false });
  const refusals = {
    'step of an earlier epoch': await refusal(stage.step({ ...step, epoch: 0 })),
    'step of no cache': await refusal(stage.step({ ...step, cacheId: 'c' })),
    'step of a word that is none': await refusal(stage.step({ ...step, tokenIds: [1e6] })),
    'cache that is too large': await refusal(stage.open({ cacheId: 'c', ...opening, capacity: 1e9 })),
    'fork onto an open cache': await refusal(
      stage.open({ cacheId: 'b', ...opening, epoch: 1, from: ofA(1) }),
    ),
    'fork of no cache': await refusal(
      stage.open({ cacheId: 'c', ...opening, from: { ...ofA(1), cacheId: 'd' } }),
    ),
    'fork beyond the end': await refusal(stage.open({ cacheId: 'c', ...opening, from: ofA(24) })),
    'cut beyond the end': await refusal(stage.truncate('a', 24)),
    ...(await resized(stage)),
  };
  await stage.release('a');
  await stage.release('b');
  usage.push(await usageOf(stage));
  await stage.dispose();
  const after = await refusal(stage.step(step));
  return {
    ...{ answer, ofFork, ofTruncated, ofCarriedOver, usage },
    refusals: { ...refusals, 'step of a stage that is gone': after },
  };
}

/** A further cache is refused where the open ones have all the room, and finds some where there is more again. */
async function resized(stage: Stage): Promise<StageAnswers['refusals']> {
  const { reservedBytes } = await stage.usage();
  await stage.resize(reservedBytes);
  const full = await refusal(stage.open({ cacheId: 'c', ...opening }));
  await stage.resize(stage.cacheBytes);
  const roomy = await refusal(stage.open({ cacheId: 'c', ...opening }));
  await stage.release('c');
  return { 'cache without room': full, 'cache with room again': roomy };
}

async function goOn(
  stage: Stage,
  cacheId: string,
  position: number,
  tokens: readonly number[],
  count: number,
  epoch = 0,
): Promise<number[]> {
  const drawn: number[] = [];
  let next = { position, tokenIds: tokens };
  while (drawn.length < count) {
    const { position: at, tokenIds } = next;
    const step = { cacheId, epoch, position: at, length: tokenIds.length, tokenIds, sample: true };
    const { sampled } = await stage.step(step);
    if (!sampled) throw new Error('the stage drew no token');
    drawn.push(sampled.token);
    next = { position: at + tokenIds.length, tokenIds: [sampled.token] };
  }
  return drawn;
}

async function usageOf(stage: Stage): Promise<{ caches: number; tokens: number }> {
  const { caches, reservedBytes } = await stage.usage();
  return { caches, tokens: reservedBytes / stage.description.cacheBytesPerToken };
}

async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    const { name, code } = error as { name: string; code?: unknown };
    return `${name}: ${String(code)}`;
  }
}
