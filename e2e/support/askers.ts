/** Who asks a hub, and how answers are told apart by the last bits of their logits. */
import OpenAI from 'openai';
import type { HubProcess } from './hubProcess.ts';

export type Messages = OpenAI.ChatCompletionMessageParam[];

/** Somebody else: what others wrote is computed anew for them. */
export async function newcomer({ url }: Pick<HubProcess, 'url'>): Promise<OpenAI> {
  const response = await fetch(`${url}/api/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'one more', scopes: ['ask'] }),
  });
  const { secret } = (await response.json()) as { secret: string };
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: secret, maxRetries: 0 });
}

/** An answer with the numbers that tell logits apart by their last bits. */
export async function askNumbers(
  client: OpenAI,
  messages: Messages,
  more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {},
) {
  const { data } = await client.models.list();
  const asked = { max_tokens: 8, logprobs: true, top_logprobs: 5, temperature: 0, messages };
  const model = data[0]?.id ?? '';
  const { choices, usage } = await client.chat.completions.create({ ...asked, model, ...more });
  return {
    choices: choices.map(({ message, logprobs }) => ({ text: message.content, logprobs })),
    promptTokens: usage?.prompt_tokens ?? 0,
    cached: usage?.prompt_tokens_details?.cached_tokens ?? -1,
  };
}

/** The conversation with an answer, and a further question. */
export const nextTurn = (messages: Messages, answer: string | null | undefined): Messages => [
  ...messages,
  { role: 'assistant', content: answer ?? '' },
  { role: 'user', content: 'And then?' },
];
