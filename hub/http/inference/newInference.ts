/** The answers to a request that begin with their first token. */
import type { Generation } from '../../generation/generation.ts';
import type { GenerationRequest } from '../../generation/generationRequest.ts';
import { makePrompt, makeTextPrompt } from '../../generation/makePrompt.ts';
import { systemTokensOf } from '../../generation/prefixes/systemTokens.ts';
import type { Draws } from './beginning.ts';
import { heldTo, marksNamedIn } from './heldTo.ts';
import { withSystemPrompt } from './modelDefaults.ts';
import { startGeneration, type AnswerSource, type Asker, type StartingParts } from './startGeneration.ts';
import type { SurfaceRequest } from './surfaceRequest.ts';

export function newInference(parts: StartingParts, asker: Asker, draws: Draws): AnswerSource {
  const { components, deployment, id, asked, defaults, signal } = parts;
  const { generator, grammars } = components;
  const { model } = deployment;
  const { share } = asker;
  /** Of prompts that were made of conversations. */
  const systemTokens = new Map<readonly number[], number>();
  /** Until the first answer has it: some surfaces start answers several times. */
  let requestId = id;
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
      const own = { ...draws, ...(asked ? { asked } : {}) };
      const count = 1 + more.length;
      const firstOf = new Map<readonly number[], Generation>();
      const start = async (
        request: SurfaceRequest,
        place: Pick<GenerationRequest, 'id' | 'choice'>,
      ): Promise<Generation> => {
        const { prompt } = request;
        const samePromptAs = firstOf.get(prompt);
        const generation = await startGeneration(parts, request, {
          ...{ ...asker, ...own, ...place, systemTokens: systemTokens.get(prompt) ?? 0 },
          ...(samePromptAs && { samePromptAs }),
        });
        if (!samePromptAs) firstOf.set(prompt, generation);
        return generation;
      };
      // The request's id is that of its first answer.
      const place = {
        ...(requestId ? { id: requestId } : {}),
        ...(count > 1 ? { choice: { index: 0, count } } : {}),
      };
      requestId = undefined;
      const all: [Generation, ...Generation[]] = [await start(first, place)];
      for (const request of more)
        all.push(await start(request, { choice: { of: all[0].id, index: all.length, count } }));
      return all;
    },
  };
}
