/** Sends an answer to a client of Ollama, as lines of JSON or as a whole. */
import type { Logger } from 'pino';
import type { AnswerLogprob } from '../../generation/answer.ts';
import type { Generation } from '../../generation/generation.ts';
import type { OutputEvent } from '../../generation/output/outputEvents.ts';
import { answerStream } from '../inference/answerStream.ts';
import { answerWhole } from '../inference/answerWhole.ts';
import type { Inference } from '../inference/inference.ts';
import type { OutputEvents } from '../inference/startChat.ts';
import { jsonLines } from '../inference/streamFormat.ts';
import { ollamaError } from './ollamaErrors.ts';
import { callBody, finishFields, lineBase, logprobsBody } from './ollamaShapes.ts';

/** What a line says of an answer, or all lines together. */
export interface Piece {
  text?: string;
  thinking?: string;
  calls?: ReturnType<typeof callBody>[];
}

/** One answer on its way to one client. */
export interface Answering {
  logger: Logger;
  inference: Inference;
  generation: Generation;
  events: OutputEvents;
  /** As the request names it. */
  model: string;
  stream: boolean;
  hasLogprobs: boolean;
  /** By `performance.now()`. */
  arrivedAt: number;
  /** A piece in the shape of the route. */
  shape: (piece: Piece) => object;
}

type Finish = Extract<OutputEvent, { type: 'finish' }>;

export function sendOllama(answering: Answering): Promise<Response> | Response {
  return answering.stream ? streamLines(answering) : wholeAnswer(answering);
}

function pieceOf(event: Exclude<OutputEvent, Finish>): Piece {
  if (event.type === 'tool-call') return { text: '', calls: [callBody(event)] };
  return event.type === 'text' ? { text: event.text } : { text: '', thinking: event.text };
}

function logprobsOf(event: Exclude<OutputEvent, Finish>): AnswerLogprob[] {
  return event.type === 'tool-call' ? [] : event.logprobs;
}

function finishOf({ generation, arrivedAt }: Answering, event: Finish) {
  return finishFields(event, generation, performance.now() - arrivedAt);
}

async function wholeAnswer(answering: Answering): Promise<Response> {
  const { inference, generation, events, model, hasLogprobs, shape } = answering;
  const piece = { text: '', thinking: '', calls: [] as ReturnType<typeof callBody>[] };
  const logprobs: AnswerLogprob[] = [];
  let end: ReturnType<typeof finishOf> | undefined;
  for await (const event of events) {
    if (event.type === 'finish') {
      end = finishOf(answering, event);
      continue;
    }
    const { text = '', thinking = '', calls = [] } = pieceOf(event);
    piece.text += text;
    piece.thinking += thinking;
    piece.calls.push(...calls);
    logprobs.push(...logprobsOf(event));
  }
  const { text, thinking, calls } = piece;
  const { tokenBytes } = inference.model.tokenizer;
  const body = {
    ...lineBase(model),
    ...shape({ text, ...(thinking === '' ? {} : { thinking }), ...(calls.length === 0 ? {} : { calls }) }),
    ...end,
    ...(hasLogprobs ? { logprobs: logprobsBody(logprobs, tokenBytes) } : {}),
  };
  return answerWhole(body, generation, inference.headers(generation));
}

function streamLines(answering: Answering): Response {
  const { logger, inference, generation, events, model, hasLogprobs, shape } = answering;
  const { tokenBytes } = inference.model.tokenizer;
  return answerStream(
    {
      ...{ logger, inference, format: jsonLines, generations: [generation] },
      headers: inference.headers(generation),
      describeError: (error) => [JSON.stringify(ollamaError(error))],
    },
    async (send) => {
      const sendLine = (line: object): void => send(JSON.stringify({ ...lineBase(model), ...line }));
      for await (const event of events) {
        if (event.type === 'finish') {
          sendLine({ ...shape({ text: '' }), ...finishOf(answering, event) });
          continue;
        }
        const logprobs = hasLogprobs ? { logprobs: logprobsBody(logprobsOf(event), tokenBytes) } : {};
        sendLine({ ...shape(pieceOf(event)), done: false, ...logprobs });
      }
    },
  );
}
