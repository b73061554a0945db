/** Which tokens end an answer: a repository says so in up to three places. */
import { z } from 'zod';
import { ModelError } from './modelError.ts';

const Ids = z.union([z.number().int().nonnegative(), z.array(z.number().int().nonnegative())]);
const GenerationConfig = z.looseObject({ eos_token_id: Ids.nullish() });

/** Every session's description carries them; models have a handful. */
const mostStopTokens = 1000;

/**
 * Joins what config.json, generation_config.json and the tokenizer name.
 * @throws ModelError if there are too many
 * @param generationConfig the file's bytes, where there is one; what is not understood in it is left out
 */
export function findStopTokens(
  fromConfig: number[],
  generationConfig: Uint8Array | undefined,
  fromTokenizer: number | undefined,
): number[] {
  const all = new Set(fromConfig);
  for (const id of idsOf(generationConfig)) all.add(id);
  if (fromTokenizer !== undefined) all.add(fromTokenizer);
  if (all.size > mostStopTokens) {
    throw new ModelError(
      `The model names ${all.size} tokens that end an answer, and the hub takes at most ${mostStopTokens}. ` +
        "Look at 'eos_token_id' in config.json and generation_config.json.",
    );
  }
  return [...all].sort((one, other) => one - other);
}

function idsOf(generationConfig: Uint8Array | undefined): number[] {
  if (!generationConfig) return [];
  try {
    const { eos_token_id: ids } = GenerationConfig.parse(
      JSON.parse(new TextDecoder().decode(generationConfig)),
    );
    return [ids ?? []].flat();
  } catch {
    return [];
  }
}
