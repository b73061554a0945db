/** From a conversation to its answers as typed events: what every surface for chats does in the same way. */
import type { Generation } from '../../generation/generation.ts';
import { outputEvents, type OutputEvent } from '../../generation/output/outputEvents.ts';
import type { ChatMessage, RenderOptions } from '../../models/chatFormat.ts';
import { marksOf } from '../../models/responseFormat.ts';
import { choicesOf } from './generationFields.ts';
import type { AskedTool, HeldToInit, ToolChoice } from './heldTo.ts';
import type { Inference } from './inference.ts';
import type { SurfaceRequest } from './surfaceRequest.ts';
import type { WantedGrammar } from './wantedGrammar.ts';
import { mostCallsOf } from './tools.ts';
import { promptText } from './promptText.ts';

export interface ChatInit {
  messages: ChatMessage[];
  /** Variables of the template, and where the prompt ends. */
  render: Omit<RenderOptions, 'tools'>;
  /** That may be called, as the template takes them; undefined where none may. */
  tools: AskedTool[] | undefined;
  /** Which of them the answer calls. Default: as the model likes. */
  toolChoice?: ToolChoice;
  /** What the texts of custom tools are held to. Default: nothing. */
  toolInputs?: HeldToInit['toolInputs'];
  /** What the answer's text is to be, as `wantedGrammar` reads it of a request. Default: free. */
  wanted?: WantedGrammar | undefined;
  settings: Omit<SurfaceRequest, 'prompt'>;
  /** False to leave what the model thinks in its answer, as the model writes it. */
  partsReasoning: boolean;
  /** How many answers. Default 1. */
  choices?: number;
  /** Whether there may be several calls, where the request says so. Default: as `mostCallsOf` has it. */
  parallelCalls?: boolean | undefined;
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
  const { messages, render, tools, settings, partsReasoning, choices = 1, parallelCalls } = init;
  const { toolChoice = 'auto', wanted, toolInputs } = init;
  const mostCalls = mostCallsOf(toolChoice, parallelCalls);
  const prompt = await inference.promptOf(messages, { ...render, tools });
  const format = model.tokenizer.responseFormat;
  const shownMarks = tools || partsReasoning ? marksOf(format) : undefined;
  const promptEnd = promptText(prompt.slice(-endTokens), model.tokenizer);
  const held = { wanted, tools, toolChoice, toolInputs, promptEnd, mostCalls };
  const constraint = await inference.heldTo(held);
  const words = messages.map(({ role, content }) => ({ role, content }));
  const generations = await inference.start(
    choicesOf(
      {
        ...{ ...settings, prompt, words },
        ...(shownMarks ? { shownMarks } : {}),
        ...(constraint ? { constraint } : {}),
      },
      choices,
    ),
  );
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
