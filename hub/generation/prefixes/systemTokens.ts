/** How many tokens of a prompt come of its system prompt and its tools alone, whatever is asked then. */
import { createHash } from 'node:crypto';
import type { ChatMessage, RenderOptions } from '../../models/chatFormat.ts';
import type { EncodeOptions } from '../../models/encoding/chatEncoder.ts';
import type { Model } from '../../models/model.ts';
import { messageCharacters } from '../../models/chatFormat.ts';
import { Remembered } from '../../models/remembered.ts';

/** Shorter system prompts are not worth the two conversations that are encoded to find their ends. */
const leastCharacters = 400;
/** System prompts of one model that are remembered. */
const mostRemembered = 64;
/** Two questions that no text begins with alike. */
const questions = ['0', 'z'];

/** Of each model by system prompt and tools: the tokens. */
const known = new WeakMap<Model, Remembered<readonly number[]>>();

/**
 * @param prompt of the whole conversation
 * @returns 0 where there is no system prompt, or it is short
 */
export async function systemTokensOf(
  model: Model,
  messages: readonly ChatMessage[],
  options: EncodeOptions,
  prompt: readonly number[],
): Promise<number> {
  const first = messages.findIndex(({ role }) => role !== 'system');
  const system = messages.slice(0, Math.max(0, first));
  const { tools, variables, share, signal } = options;
  const characters = system.reduce((sum, message) => sum + messageCharacters(message), 0);
  const toolCharacters = tools ? JSON.stringify(tools).length : 0;
  if (characters + toolCharacters < leastCharacters) return 0;
  const render = { ...(tools && { tools }), ...(variables && { variables }) };
  const encode = async (): Promise<readonly number[]> => {
    const ways = await Promise.all(
      questions.map((content) =>
        model.tokenizer.encodeChat([...system, { role: 'user', content }], {
          ...render,
          ...(share !== undefined && { share }),
          ...(signal && { signal }),
        }),
      ),
    );
    return commonStart(ways[0] ?? [], ways[1] ?? []);
  };
  try {
    const ofModel = known.get(model) ?? new Remembered(mostRemembered);
    known.set(model, ofModel);
    const tokens = await ofModel.get(keyOf(system, render), encode);
    return tokens.every((token, index) => prompt[index] === token) ? tokens.length : 0;
  } catch {
    // The template takes no such conversation, or nobody waits for it any more.
    return 0;
  }
}

function commonStart(one: readonly number[], other: readonly number[]): readonly number[] {
  const end = one.findIndex((token, index) => token !== other[index]);
  return end < 0 ? one : one.slice(0, end);
}

function keyOf(system: readonly ChatMessage[], render: RenderOptions): string {
  return createHash('sha256')
    .update(JSON.stringify([system, render]))
    .digest('base64');
}
