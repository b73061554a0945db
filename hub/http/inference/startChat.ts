/** From a conversation to its answers as typed events: what every surface for chats does in the same way. */
import type { Generation } from '../../generation/generation.ts';
import { outputEvents, type OutputEvent } from '../../generation/output/outputEvents.ts';
import type { ChatMessage, RenderOptions } from '../../models/chatFormat.ts';
import { marksOf } from '../../models/responseFormat.ts';
import { choicesOf } from './generationFields.ts';
import type { Inference, SurfaceRequest } from './inference.ts';
import { promptText } from './promptText.ts';

export interface ChatInit {
  messages: ChatMessage[];
  /** Variables of the template, and where the prompt ends. */
  render: Omit<RenderOptions, 'tools'>;
  /** That may be called, as the template takes them; undefined where none may. */
  tools: unknown[] | undefined;
  settings: Omit<SurfaceRequest, 'prompt'>;
  /** False to leave what the model thinks in its answer, as the model writes it. */
  partsReasoning: boolean;
  /** How many answers. Default 1. */
  choices?: number;
  /** Calls beyond so many are left out. Default: all are told. */
  mostCalls?: number | undefined;
}

type Generations = [Generation, ...Generation[]];

export interface StartedChat {
  prompt: number[];
  /** One for each choice. */
  generations: Generations;
  /** Reads a choice's events. */
  read: (generation: Generation) => OutputEvents;
}

export type OutputEvents = AsyncGenerator<OutputEvent, void, void>;

/** Tokens at the end of a prompt in which a mark may stand. */
const endTokens = 16;

/** @throws GenerationError */
export async function startChat(inference: Inference, init: ChatInit): Promise<StartedChat> {
  const { model, controller } = inference;
  const { messages, render, tools, settings, partsReasoning, choices = 1, mostCalls } = init;
  const prompt = await inference.promptOf(messages, { ...render, ...(tools ? { tools } : {}) });
  const format = model.tokenizer.responseFormat;
  const shownMarks = tools || partsReasoning ? marksOf(format) : undefined;
  const words = messages.map(({ role, content }) => ({ role, content }));
  const generations = await inference.start(
    choicesOf({ ...settings, ...(shownMarks ? { shownMarks } : {}), prompt, words }, choices),
  );
  const promptEnd = promptText(prompt.slice(-endTokens), model.tokenizer);
  return {
    prompt,
    generations,
    read: (generation) =>
      outputEvents(generation.events(controller.signal), {
        format,
        readsCalls: tools !== undefined,
        partsReasoning,
        promptEnd,
        tokenCount: () => generation.usage.completionTokens,
        ...(mostCalls === undefined ? {} : { mostCalls }),
      }),
  };
}
