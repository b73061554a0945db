/** Answers of a hub to many prompts, to compare with those of another one. */
import { startHub, type HubProcess } from './hubProcess.ts';

export interface Answer {
  text: string | null | undefined;
  finish: string | undefined;
  tokens: { token: string; logprob: number }[];
}

/** Asks the built-in model a question that it answers rightly. @returns its words, and the way that they took through workers */
export async function askForCapital({
  client,
}: Pick<HubProcess, 'client'>): Promise<{ text: string | null | undefined; route: string | null }> {
  const { data, response } = await client.chat.completions
    .create({
      model: 'minimind2-small',
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      temperature: 0,
    })
    .withResponse();
  return { text: data.choices[0]?.message.content, route: response.headers.get('x-potluck-route') };
}

/** Asks the built-in model for so many tokens. @returns how many came */
export async function countTokens(
  { client }: Pick<HubProcess, 'client'>,
  most: number,
): Promise<number | undefined> {
  const { usage } = await client.chat.completions.create({
    model: 'minimind2-small',
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
    max_tokens: most,
  });
  return usage?.completion_tokens;
}

/** Answers of a new hub. @param flags of the hub */
export async function answersOf(flags: string[], prompts: readonly string[]): Promise<Answer[]> {
  await using hub = await startHub({ flags });
  return answersAt(hub, prompts);
}

/** Greedy for even prompts, seeded for odd ones; four at a time share the pipeline. */
export async function answersAt(
  { client }: Pick<HubProcess, 'client'>,
  prompts: readonly string[],
): Promise<Answer[]> {
  const results: Answer[] = [];
  const waiting = [...prompts.entries()];
  const ask = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, content] = next;
      const completion = await client.chat.completions.create({
        model: 'minimind2-small',
        messages: [{ role: 'user', content }],
        max_tokens: 32,
        logprobs: true,
        ...(index % 2 === 0 ? { temperature: 0 } : { temperature: 0.8, top_p: 0.95, seed: 1000 + index }),
      });
      const choice = completion.choices[0];
      results[index] = {
        text: choice?.message.content,
        finish: choice?.finish_reason,
        tokens: choice?.logprobs?.content?.map(({ token, logprob }) => ({ token, logprob })) ?? [],
      };
    }
  };
  await Promise.all([ask(), ask(), ask(), ask()]);
  return results;
}
