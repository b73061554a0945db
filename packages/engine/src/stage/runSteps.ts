/** One run of a stage: the steps of one session or of several, each with a result or an error of its own. */
import type { StageDescription } from '@potluck/protocol';
import { whileRunning, type CacheSlot } from '../cache/cacheStore.ts';
import type { StepRequest, StepResult } from '../contract/stage.ts';
import { BadStepError, CacheMissError, ComputeError, NoRoomError } from '../errors.ts';
import { needsHistory } from '../sampling/processLogits.ts';
import { sampleToken, type SampledToken } from '../sampling/sampleToken.ts';
import { scoreToken } from '../sampling/scoreToken.ts';
import type { MemberOutputs, StageSession } from './stageSession.ts';

/** A step as it waits for its turn. */
export interface QueuedStep {
  slot: CacheSlot;
  request: StepRequest;
  /** When it came, in milliseconds of `performance.now`. */
  queued: number;
  /** Tokens that may be drawn after it; all where undefined. */
  allowed?: Uint32Array | undefined;
}

type Draw = (logits: Float32Array) => SampledToken;

/**
 * @param steps of different caches, at most as many as the session's `stepShape.members`
 * @returns what became of each step: one that is refused takes no part in the run, and a run that fails is the error of all
 *   that took part
 */
export async function runSteps(
  description: StageDescription,
  session: StageSession,
  steps: readonly QueuedStep[],
): Promise<PromiseSettledResult<StepResult>[]> {
  const started = performance.now();
  const checked = steps.map((step) => settle(() => ({ step, draw: checkStepNow(description, step) })));
  const taking = checked.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (taking.length === 0) return checked as PromiseRejectedResult[];
  const run = async (): Promise<PromiseSettledResult<StepResult>[]> => {
    const outputs = await session.run(
      taking.map(({ step: { slot, request }, draw }) => ({
        tensors: slot.tensors,
        request,
        logitRows: logitRowsOf(request, draw),
      })),
    );
    const results = taking.map(({ step, draw }, index) => settle(() => finish(step, outputs[index], draw)));
    const computeMs = (performance.now() - started) / taking.length;
    for (const [index, result] of results.entries()) {
      if (result.status !== 'fulfilled') continue;
      result.value.computeMs = computeMs;
      result.value.queueMs = started - (taking[index]?.step.queued ?? started);
    }
    return results;
  };
  let results: PromiseSettledResult<StepResult>[];
  try {
    results = await whileRunning(
      taking.map(({ step }) => step.slot),
      run,
    );
  } catch (reason) {
    results = taking.map(() => ({ status: 'rejected', reason }));
  }
  const next = results.values();
  return checked.map((outcome) =>
    outcome.status === 'rejected' ? outcome : (next.next().value as PromiseSettledResult<StepResult>),
  );
}

/** Counts the step's tokens and draws the next one; times are the caller's to fill in. */
function finish(
  { slot, request }: QueuedStep,
  outputs: MemberOutputs | undefined,
  draw: Draw | undefined,
): StepResult {
  slot.length = request.position + request.length;
  const result: StepResult = { queueMs: 0, computeMs: 0 };
  if (outputs?.boundary) result.boundary = outputs.boundary;
  const { score, length } = request;
  const logits = outputs?.logits ?? [];
  if (score) {
    result.scores = score.tokens.map((token, row) =>
      scoreToken(logits[row] ?? noLogits(length), token, score.alternatives),
    );
  }
  // Changes them.
  if (draw) result.sampled = draw(logits.at(-1) ?? noLogits(length));
  return result;
}

function logitRowsOf({ score, length }: StepRequest, draw: Draw | undefined): number {
  if (score) return length;
  return draw ? 1 : 0;
}

function noLogits(length: number): never {
  throw new ComputeError(`A run of ${length} tokens gave too few logits`);
}

/**
 * Checks what depends on the cache, before the run: a step that is refused changes nothing.
 * @returns how the token after it is drawn, where one is wanted
 * @throws CacheMissError, NoRoomError, BadStepError
 */
function checkStepNow(
  { logits }: StageDescription,
  { slot, request, allowed }: QueuedStep,
): Draw | undefined {
  checkPlace(slot, request);
  return request.sample && logits ? drawOf(slot, request, allowed) : undefined;
}

function settle<Result>(call: () => Result): PromiseSettledResult<Result> {
  try {
    return { status: 'fulfilled', value: call() };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

/** @throws CacheMissError, NoRoomError */
function checkPlace(slot: CacheSlot, { epoch, position, length }: StepRequest): void {
  if (slot.epoch !== epoch || slot.length !== position) {
    throw new CacheMissError(
      `Step for epoch ${epoch}, position ${position}; ` +
        `cache ${slot.cacheId} is in epoch ${slot.epoch}, at ${slot.length}`,
    );
  }
  if (position + length > slot.capacity) {
    const left = slot.capacity - position;
    throw new NoRoomError(`Cache ${slot.cacheId}`, length, left, slot.capacity, 'tokens');
  }
}

/**
 * How the token after this step is drawn: checked before the run, so that a step that can't be sampled changes nothing.
 * @throws BadStepError, CacheMissError
 */
function drawOf(slot: CacheSlot, { position, length }: StepRequest, allowed: Uint32Array | undefined): Draw {
  const { sampling, history } = slot;
  if (!sampling) throw new BadStepError(`Cache ${slot.cacheId} was opened without a sampling description`);
  const place = position + length;
  if (needsHistory(sampling) && (history?.length ?? 0) < place) {
    throw new CacheMissError(
      `Penalties for the token at ${place} need all tokens before it; ` +
        `cache ${slot.cacheId} was given ${history?.length ?? 0}`,
    );
  }
  return (logits) => {
    history?.truncate(place);
    const sampled = sampleToken(logits, sampling, history, place, allowed);
    if (history?.length === place) history.append(sampled.token);
    return sampled;
  };
}
