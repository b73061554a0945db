/** Answers in Ollama's shape. */
import type { AnswerLogprob } from '../../generation/answer.ts';
import type { Generation } from '../../generation/generation.ts';
import type { OutputEvent } from '../../generation/output/outputEvents.ts';
import { describeLogprob } from '../inference/describeLogprob.ts';

type Finish = Extract<OutputEvent, { type: 'finish' }>;
type Call = Extract<OutputEvent, { type: 'tool-call' }>;

/** What every line of an answer begins with. */
export interface LineBase {
  model: string;
  /** ISO 8601. */
  created_at: string;
}

/** @param model as the request names it */
export function lineBase(model: string): LineBase {
  return { model, created_at: new Date().toISOString() };
}

const nanosecondsPerMs = 1e6;
const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * nanosecondsPerMs);

/** How it ended, and how long everything took, in nanoseconds. What it waited for room counts as loading. */
export function finishFields(
  { reason, usage }: Finish,
  { times }: Pick<Generation, 'times'>,
  totalMs: number,
) {
  const queueMs = times.queueMs ?? 0;
  const firstMs = times.firstTokenMs ?? totalMs;
  return {
    done: true,
    done_reason: reason === 'length' ? 'length' : 'stop',
    total_duration: nanoseconds(totalMs),
    load_duration: nanoseconds(queueMs),
    prompt_eval_count: usage.promptTokens,
    prompt_eval_duration: nanoseconds(Math.max(0, firstMs - queueMs)),
    eval_count: usage.completionTokens,
    eval_duration: nanoseconds(Math.max(0, (times.lastTokenMs ?? firstMs) - firstMs)),
  };
}

/** Ollama has arguments as a value, not as JSON. */
export function callBody({ id, name, arguments: given }: Call) {
  return { id, function: { name, arguments: JSON.parse(given) as unknown } };
}

export function logprobsBody(logprobs: AnswerLogprob[], tokenBytes: (token: number) => Uint8Array) {
  return logprobs.map((entry) => ({
    ...describeLogprob(entry, tokenBytes),
    ...(entry.top.length > 0
      ? { top_logprobs: entry.top.map((one) => describeLogprob(one, tokenBytes)) }
      : {}),
  }));
}
