/** The answer to a request that comes for the first time. */
import type { Generation } from '../../generation/generation.ts';
import { makePrompt, makeTextPrompt } from '../../generation/makePrompt.ts';
import { systemTokensOf } from '../../generation/prefixes/systemTokens.ts';
import { heldTo, marksNamedIn } from './heldTo.ts';
import { withSystemPrompt } from './modelDefaults.ts';
import {
  refuseSeveral,
  startGeneration,
  type AnswerSource,
  type Asker,
  type StartingParts,
} from './startGeneration.ts';
import type { SurfaceRequest } from './surfaceRequest.ts';

export function newInference(parts: StartingParts, asker: Asker): AnswerSource {
  const { components, deployment, id, seedToDraw, asked, defaults, signal } = parts;
  const { generator, grammars } = components;
  const { model } = deployment;
  const { share } = asker;
  /** Of prompts that were made of conversations. */
  const systemTokens = new Map<readonly number[], number>();
  return {
    promptOf: async (messages, options = {}) => {
      await generator.ready(deployment, share);
      const encoding = { ...options, share, signal };
      const told = withSystemPrompt(messages, defaults);
      const prompt = await makePrompt(model, told, encoding);
      systemTokens.set(prompt, await systemTokensOf(model, told, encoding, prompt));
      return prompt;
    },
    textPromptOf: async (text, addsSpecial) => {
      await generator.ready(deployment, share);
      return makeTextPrompt(model, text, { addsSpecial, share, signal });
    },
    heldTo: (held) =>
      heldTo({ ...held, model }, (grammar) =>
        grammars.try({ grammar, marks: marksNamedIn(grammar, model.tokenizer) }, share, signal),
      ),
    start: async ([first, ...more]) => {
      refuseSeveral(parts, more);
      // What is known of the request is known of its one answer.
      const isOne = more.length === 0;
      const own = {
        ...(id && isOne ? { id } : {}),
        ...(seedToDraw !== undefined && isOne ? { seedToDraw } : {}),
        ...(asked && isOne ? { asked } : {}),
      };
      const firstOf = new Map<readonly number[], Generation>();
      const start = async (request: SurfaceRequest): Promise<Generation> => {
        const { prompt } = request;
        const samePromptAs = firstOf.get(prompt);
        const generation = await startGeneration(parts, request, {
          ...{ ...asker, ...own, systemTokens: systemTokens.get(prompt) ?? 0 },
          ...(samePromptAs && { samePromptAs }),
        });
        if (!samePromptAs) firstOf.set(prompt, generation);
        return generation;
      };
      const all: [Generation, ...Generation[]] = [await start(first)];
      for (const request of more) all.push(await start(request));
      parts.onAllStarted(all);
      return all;
    },
  };
}
