/** Sends the answer to a request of Anthropic's API to its client, as a stream or as a whole. */
import type Anthropic from '@anthropic-ai/sdk';
import type { Logger } from 'pino';
import type { Generation } from '../../generation/generation.ts';
import type { OutputEvent } from '../../generation/output/outputEvents.ts';
import { answerStream } from '../inference/answerStream.ts';
import { answerWhole } from '../inference/answerWhole.ts';
import type { Inference } from '../inference/inference.ts';
import type { OutputEvents } from '../inference/startChat.ts';
import { serverSentEvents, type StreamFormat } from '../inference/streamFormat.ts';
import { anthropicError } from './anthropicErrors.ts';
import {
  deltaUsage,
  messageBody,
  messageEnd,
  textBlock,
  thinkingBlock,
  toolUseBlock,
} from './messageShapes.ts';

/** One answer on its way to one client. */
export interface Answering {
  logger: Logger;
  inference: Inference;
  generation: Generation;
  events: OutputEvents;
  /** As the request has it. */
  maxTokens: number;
  stream: boolean;
  /** False to leave out what the model thinks. */
  showsThinking: boolean;
}

export function sendMessage(answering: Answering): Promise<Response> | Response {
  return answering.stream ? streamMessage(answering) : wholeMessage(answering);
}

/** Clients read `request-id`, too. */
function headersOf({ inference, generation }: Answering): Record<string, string> {
  return { ...inference.headers(generation), 'request-id': generation.id };
}

async function wholeMessage(answering: Answering): Promise<Response> {
  const { generation, events, maxTokens, showsThinking } = answering;
  const content: Anthropic.ContentBlock[] = [];
  let finish: Extract<OutputEvent, { type: 'finish' }> | undefined;
  for await (const event of events) {
    const last = content.at(-1);
    switch (event.type) {
      case 'text':
        if (event.text === '') break;
        if (last?.type === 'text') last.text += event.text;
        else content.push(textBlock(event.text));
        break;
      case 'reasoning':
        if (!showsThinking) break;
        if (last?.type === 'thinking') last.thinking += event.text;
        else content.push(thinkingBlock(event.text, generation.id));
        break;
      case 'tool-call':
        content.push(toolUseBlock(event, JSON.parse(event.arguments)));
        break;
      case 'finish':
        finish = event;
    }
  }
  if (!finish) throw new Error('an answer ended without its last event');
  const end = messageEnd(finish, maxTokens);
  const message = messageBody({ generation, content, end, usage: finish.usage });
  return answerWhole(message, generation, headersOf(answering));
}

/** Anthropic's own event for silences, beside the comments that other clients know. */
const format: StreamFormat = { ...serverSentEvents, ping: serverSentEvents.event('{"type":"ping"}', 'ping') };

function streamMessage(answering: Answering): Response {
  const { logger, inference, generation, events, maxTokens, showsThinking } = answering;
  return answerStream(
    {
      ...{ logger, inference, format, generations: [generation], headers: headersOf(answering) },
      describeError: (error) => [JSON.stringify(anthropicError(error, generation.id)), 'error'],
    },
    async (sendText) => {
      const send = (event: Anthropic.RawMessageStreamEvent | { type: 'ping' }): void =>
        sendText(JSON.stringify(event), event.type);
      let index = -1;
      let open: 'text' | 'thinking' | undefined;
      const begin = (block: Anthropic.RawContentBlockStartEvent['content_block']): void => {
        send({ type: 'content_block_start', index: ++index, content_block: block });
      };
      const grow = (delta: Anthropic.RawContentBlockDelta): void =>
        send({ type: 'content_block_delta', index, delta });
      const end = (): void => {
        if (open === 'thinking') grow({ type: 'signature_delta', signature: generation.id });
        if (open) send({ type: 'content_block_stop', index });
        open = undefined;
      };
      const message = messageBody({ generation, content: [], end: null, usage: generation.usage });
      send({ type: 'message_start', message });
      send({ type: 'ping' });
      for await (const event of events) {
        switch (event.type) {
          case 'text':
            if (event.text === '') break;
            if (open !== 'text') {
              end();
              begin(textBlock(''));
              open = 'text';
            }
            grow({ type: 'text_delta', text: event.text });
            break;
          case 'reasoning':
            if (!showsThinking) break;
            if (open !== 'thinking') {
              end();
              begin(thinkingBlock('', ''));
              open = 'thinking';
            }
            grow({ type: 'thinking_delta', thinking: event.text });
            break;
          case 'tool-call':
            end();
            begin(toolUseBlock(event, {}));
            grow({ type: 'input_json_delta', partial_json: event.arguments });
            send({ type: 'content_block_stop', index });
            break;
          case 'finish':
            end();
            send({
              type: 'message_delta',
              delta: { ...messageEnd(event, maxTokens), container: null, stop_details: null },
              usage: deltaUsage(event.usage),
            });
            send({ type: 'message_stop' });
        }
      }
    },
  );
}
