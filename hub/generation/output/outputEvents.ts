/** An answer as typed events: what surfaces write. */
import { randomInt } from 'node:crypto';
import type { AnswerLogprob } from '../answer.ts';
import type { FinishReason, GenerationEvent, Usage } from '../generation.ts';
import { marksThoughts } from '../../models/responseFormat.ts';
import { TemplateReader } from './templateReader.ts';
import { OutputReader, type OutputReaderInit } from './outputReader.ts';
import type { ReadCall } from './readCalls.ts';

export interface OutputUsage extends Usage {
  /** Of the tokens of the answer, those with which the model thought. */
  reasoningTokens?: number;
}

/** What a surface sees of an answer, in order; `finish` is the last. */
export type OutputEvent =
  | { type: 'text' | 'reasoning'; text: string; logprobs: AnswerLogprob[] }
  | ({ type: 'tool-call'; id: string } & ReadCall)
  | {
      type: 'finish';
      reason: FinishReason | 'tool_calls';
      usage: OutputUsage;
      /** The stop string that ended it, where one did. */
      stoppedBy?: string;
    };

export interface OutputInit extends OutputReaderInit {
  /** Calls beyond so many are left out. Default: all are told. */
  mostCalls?: number;
  /** Tokens of the answer so far. */
  tokenCount: () => number;
}

/** Where a model marks nothing that is asked for, its answer is text and passes as it is. */
export function outputEvents(
  events: AsyncGenerator<GenerationEvent, void, void>,
  init: OutputInit,
): AsyncGenerator<OutputEvent, void, void> {
  const { format, readsCalls, partsReasoning } = init;
  const hasThoughts = partsReasoning && marksThoughts(format);
  return readsCalls || hasThoughts ? readEvents(events, init) : events;
}

async function* readEvents(
  events: AsyncGenerator<GenerationEvent, void, void>,
  { mostCalls = Infinity, tokenCount, ...init }: OutputInit,
): AsyncGenerator<OutputEvent, void, void> {
  const { declared } = init.format;
  const reader = declared ? new TemplateReader(init, declared) : new OutputReader(init);
  /** Those of marks come with what is told next. */
  let logprobs: AnswerLogprob[] = [];
  let [calls, seenTokens, reasoningTokens] = [0, 0, 0];
  for await (const event of events) {
    const wasReasoning = reader.isReasoning;
    const isEnd = event.type === 'finish';
    const parts = isEnd ? reader.finish() : reader.add(event.text);
    if (wasReasoning || reader.isReasoning) reasoningTokens += tokenCount() - seenTokens;
    seenTokens = tokenCount();
    if (!isEnd) logprobs.push(...event.logprobs);
    for (const part of parts) {
      if (part.type === 'tool-call') {
        if (++calls <= mostCalls) yield { ...part, id: newCallId() };
        continue;
      }
      yield { ...part, logprobs };
      logprobs = [];
    }
    if (!isEnd) continue;
    if (logprobs.length > 0) yield { type: 'text', text: '', logprobs };
    const usage = { ...event.usage, reasoningTokens };
    yield {
      ...event,
      reason: calls > 0 && event.reason === 'stop' ? 'tool_calls' : event.reason,
      usage,
    };
  }
}

const idSigns = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Nine letters and digits: Mistral's templates take no other ids. */
function newCallId(): string {
  return Array.from({ length: 9 }, () => idSigns[randomInt(idSigns.length)]).join('');
}
