/** `POST /api/chat` and `POST /api/generate`. */
import type { Context } from 'hono';
import { outputEvents } from '../../generation/output/outputEvents.ts';
import type { ChatMessage } from '../../models/chatFormat.ts';
import type { AskedTool } from '../inference/heldTo.ts';
import { encodingFor } from '../inference/encodingFor.ts';
import { infer } from '../inference/infer.ts';
import type { Inference, InferenceComponents } from '../inference/inference.ts';
import { readJson } from '../inference/readJson.ts';
import { startChat, type OutputEvents } from '../inference/startChat.ts';
import { callableTools } from '../inference/tools.ts';
import type { Generation } from '../../generation/generation.ts';
import { messagesOf, readOllamaChat } from './chatBody.ts';
import { readOllamaGenerate, type OllamaGenerateBody } from './generateBody.ts';
import {
  formatGrammar,
  modelNameOf,
  ollamaSettings,
  thinkingVariables,
  type OllamaFields,
} from './ollamaFields.ts';
import { lineBase } from './ollamaShapes.ts';
import { sendOllama, type Piece } from './sendOllama.ts';

interface Asking {
  body: OllamaFields;
  /** The parameter that the prompt is made of. */
  promptParam: string;
  shape: (piece: Piece) => object;
  start: (inference: Inference) => Promise<{ generation: Generation; events: OutputEvents }>;
}

export async function answerOllamaChat(c: Context, components: InferenceComponents): Promise<Response> {
  const body = readOllamaChat(await readJson(c));
  if (body.messages.length === 0) return nothingToAnswer(c, components, body, chatPiece);
  const start = (inference: Inference) =>
    startConversation(inference, body, messagesOf(body), callableTools(body, inference.model));
  return answer(c, components, { body, promptParam: 'messages', shape: chatPiece, start });
}

export async function answerOllamaGenerate(c: Context, components: InferenceComponents): Promise<Response> {
  const body = readOllamaGenerate(await readJson(c));
  if (body.prompt === '') return nothingToAnswer(c, components, body, generatePiece);
  const messages: ChatMessage[] = [
    ...(body.system ? [{ role: 'system' as const, content: body.system.toWellFormed() }] : []),
    { role: 'user', content: body.prompt.toWellFormed() },
  ];
  const start = (inference: Inference) =>
    body.raw ? startRaw(inference, body) : startConversation(inference, body, messages, undefined);
  return answer(c, components, { body, promptParam: 'prompt', shape: generatePiece, start });
}

function answer(
  c: Context,
  components: InferenceComponents,
  { body, promptParam, shape, start }: Asking,
): Promise<Response> {
  const arrivedAt = performance.now();
  return infer(c, components, { model: modelNameOf(body), promptParam }, async (inference) =>
    sendOllama({
      ...(await start(inference)),
      ...{ logger: components.logger, inference, arrivedAt, shape },
      ...{ model: body.model, stream: body.stream, hasLogprobs: body.logprobs === true },
    }),
  );
}

async function startConversation(
  inference: Inference,
  body: OllamaFields,
  messages: ChatMessage[],
  tools: AskedTool[] | undefined,
) {
  const { model } = inference;
  const last = messages.at(-1);
  const goesOn = last?.role === 'assistant' && last.content.trim() !== '' && !last.tool_calls;
  const chat = await startChat(inference, {
    messages,
    render: { end: goesOn ? 'inside' : 'answer', variables: thinkingVariables(body, model) },
    tools,
    wanted: formatGrammar(body),
    settings: ollamaSettings(body, model),
    partsReasoning: true,
  });
  const [generation] = chat.generations;
  return { generation, events: chat.read(generation) };
}

/** The prompt as it is; so is the answer. */
async function startRaw(inference: Inference, body: OllamaGenerateBody) {
  const { model, controller } = inference;
  const settings = ollamaSettings(body, model);
  const prompt = await inference.textPromptOf(body.prompt, true);
  const words = [{ role: 'user', content: body.prompt.toWellFormed() }];
  const constraint = await inference.heldTo({ wanted: formatGrammar(body) });
  const [generation] = await inference.start([
    { ...settings, prompt, words, ...(constraint ? { constraint } : {}) },
  ]);
  const events = outputEvents(generation.events(controller.signal), {
    format: model.tokenizer.responseFormat,
    readsCalls: false,
    partsReasoning: false,
    promptEnd: '',
    tokenCount: () => generation.usage.completionTokens,
  });
  return { generation, events };
}

/** Clients ask nothing to have a model loaded, or unloaded. Here the operator says how long models stay. */
async function nothingToAnswer(
  c: Context,
  components: InferenceComponents,
  body: OllamaFields,
  shape: (piece: Piece) => object,
): Promise<Response> {
  await encodingFor(c, components, modelNameOf(body));
  const isUnload = body.keep_alive !== undefined && Number.parseFloat(String(body.keep_alive)) === 0;
  return c.json({
    ...lineBase(body.model),
    ...shape({ text: '' }),
    done: true,
    done_reason: isUnload ? 'unload' : 'load',
  });
}

function chatPiece({ text = '', thinking, calls }: Piece): object {
  return {
    message: {
      role: 'assistant',
      content: text,
      ...(thinking === undefined ? {} : { thinking }),
      ...(calls ? { tool_calls: calls } : {}),
    },
  };
}

function generatePiece({ text = '', thinking }: Piece): object {
  return { response: text, ...(thinking === undefined ? {} : { thinking }) };
}
