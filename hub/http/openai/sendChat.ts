/** Sends the answer to a chat request to its client, as a stream or as a whole. */
import type OpenAI from 'openai';
import type { Logger } from 'pino';
import type { Generation } from '../../generation/generation.ts';
import type { OutputEvent, OutputUsage } from '../../generation/output/outputEvents.ts';
import { answerStream, openaiStream } from '../inference/answerStream.ts';
import { answerWhole } from '../inference/answerWhole.ts';
import type { Inference } from '../inference/inference.ts';
import { interleave } from '../inference/interleave.ts';
import { textTemplate } from '../inference/textTemplate.ts';
import { usageBody, usageSoFar, type AnswerBase } from './answerShapes.ts';
import {
  chatChunk,
  chatCompletion,
  logprobsBody,
  thoughts,
  usageChunk,
  type ChatChoice,
  type ChatChunkInit,
} from './chatShapes.ts';
import type { ChatBody } from './chatBody.ts';
import { customCall } from './chatCustomTools.ts';
import type { Reports } from './reports.ts';

/** OpenAI's types know pieces of functions only; pieces of custom tools look like their calls. */
type Piece = OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall;

/** One answer on its way to one client. */
export interface Answering {
  logger: Logger;
  inference: Inference;
  /** One for each choice. */
  generations: [Generation, ...Generation[]];
  events: AsyncGenerator<OutputEvent, void, void>[];
  base: AnswerBase;
  body: ChatBody;
  reports: Reports;
  headers: Record<string, string>;
}

export function sendChat(answering: Answering): Promise<Response> | Response {
  return answering.body.stream ? streamChat(answering) : wholeChat(answering);
}

async function wholeChat({
  inference,
  generations,
  events,
  base,
  body,
  reports,
  headers,
}: Answering): Promise<Response> {
  const { tokenBytes } = inference.model.tokenizer;
  const choices = events.map((): ChatChoice => {
    return {
      text: '',
      reasoning: '',
      calls: [],
      usesFunctions: body.usesFunctions === true,
      logprobs: body.logprobs ? { content: [], refusal: null } : null,
      finishReason: 'stop',
    };
  });
  const usages: OutputUsage[] = [];
  for await (const { index, value: event } of interleave(events)) {
    const choice = choices[index] as ChatChoice;
    switch (event.type) {
      case 'text':
      case 'reasoning':
        if (event.type === 'text') choice.text += event.text;
        else if (body.include_reasoning !== false) choice.reasoning += event.text;
        choice.logprobs?.content?.push(...logprobsBody(event.logprobs, tokenBytes).content);
        break;
      case 'tool-call':
        choice.calls.push(callBody(event, body));
        break;
      case 'finish':
        choice.finishReason = finishReasonOf(event, body);
        usages.push(event.usage);
    }
  }
  const whole: OpenAI.ChatCompletion = chatCompletion(base, choices, usageBody(usages));
  return answerWhole(reports.with(whole), generations[0], headers);
}

function streamChat(answering: Answering): Response {
  const { logger, inference, generations, events, base, body, reports, headers } = answering;
  const { tokenBytes } = inference.model.tokenizer;
  const usageNow = (index: number) => usageSoFar(body, generations[index]);
  return answerStream({ logger, inference, generations, headers, ...openaiStream }, async (send) => {
    const sendChunk = (chunk: OpenAI.ChatCompletionChunk): void =>
      send(JSON.stringify(reports.with(chunk)), undefined, chunk.choices[0]?.index);
    for (const index of events.keys()) {
      sendChunk(
        chatChunk(base, { index, delta: { role: 'assistant', content: '' }, usage: usageNow(index) }),
      );
    }
    // Nearly all chunks differ in their text alone.
    const isPlain =
      !body.logprobs && reports.tellsNothing && body.stream_options?.continuous_usage_stats !== true;
    const templateOf = (index: number) => {
      const chunk = (delta: ChatChunkInit['delta']) =>
        chatChunk(base, { index, delta, usage: usageNow(index) });
      return {
        text: textTemplate((content) => chunk({ content })),
        reasoning: textTemplate((text) => chunk(thoughts(text))),
      };
    };
    const templates = isPlain ? events.map((_, index) => templateOf(index)) : [];
    const usages: OutputUsage[] = [];
    const callCounts: number[] = [];
    for await (const { index, value: event } of interleave(events)) {
      const now = { index, usage: usageNow(index) };
      switch (event.type) {
        case 'text':
        case 'reasoning': {
          const isText = event.type === 'text';
          if (!isText && body.include_reasoning === false) break;
          const template = templates[index]?.[event.type];
          if (template) {
            send(template(event.text), undefined, index);
            break;
          }
          const delta = isText ? { content: event.text } : thoughts(event.text);
          const logprobs = body.logprobs ? logprobsBody(event.logprobs, tokenBytes) : null;
          sendChunk(chatChunk(base, { ...now, delta, logprobs }));
          break;
        }
        case 'tool-call': {
          const callIndex = callCounts[index] ?? 0;
          callCounts[index] = callIndex + 1;
          const call = callBody(event, body);
          if (call.type === 'custom') {
            sendChunk(
              chatChunk(base, {
                ...now,
                delta: { tool_calls: [{ index: callIndex, ...call } as object as Piece] },
              }),
            );
            break;
          }
          const { function: named, ...rest } = call;
          if (body.usesFunctions) {
            for (const one of [{ name: named.name, arguments: '' }, { arguments: named.arguments }])
              sendChunk(chatChunk(base, { ...now, delta: { function_call: one } }));
            break;
          }
          const begun = { index: callIndex, ...rest, function: { name: named.name, arguments: '' } };
          const given = { index: callIndex, function: { arguments: named.arguments } };
          for (const one of [begun, given])
            sendChunk(chatChunk(base, { ...now, delta: { tool_calls: [one] } }));
          break;
        }
        case 'finish':
          usages.push(event.usage);
          sendChunk(chatChunk(base, { ...now, delta: {}, finishReason: finishReasonOf(event, body) }));
      }
    }
    if (body.stream_options?.include_usage === true) sendChunk(usageChunk(base, usageBody(usages)));
  });
}

function callBody(
  { id, name, arguments: given }: Extract<OutputEvent, { type: 'tool-call' }>,
  { customTools }: ChatBody,
): OpenAI.ChatCompletionMessageToolCall {
  if (customTools?.has(name)) return customCall(id, name, given);
  return { id, type: 'function', function: { name, arguments: given } };
}

function finishReasonOf(
  { reason }: Extract<OutputEvent, { type: 'finish' }>,
  { usesFunctions }: ChatBody,
): ChatChoice['finishReason'] {
  return reason === 'tool_calls' && usesFunctions ? 'function_call' : reason;
}
