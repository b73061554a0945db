/** Questions to a hub, and what is compared of the answers. */
import { untilServed, type HubProcess } from '../../support/hubProcess.ts';

export interface Answer {
  text: string;
  tokens: string[];
  route: string | null;
}

/** A greedy answer. */
export async function askNow(hub: HubProcess, content: string, maxTokens = 24): Promise<Answer> {
  const { data: models } = await hub.client.models.list();
  const { data, response } = await hub.client.chat.completions
    .create({
      model: models[0]?.id ?? '',
      messages: [{ role: 'user', content }],
      temperature: 0,
      max_tokens: maxTokens,
      logprobs: true,
    })
    .withResponse();
  const [choice] = data.choices;
  return {
    text: choice?.message.content ?? '',
    tokens: choice?.logprobs?.content?.map(({ token }) => token) ?? [],
    route: response.headers.get('x-potluck-route'),
  };
}

/** The same once the hub serves: a device shows that its stage is ready before the hub has heard it of every device. */
export async function ask(hub: HubProcess, content: string, maxTokens?: number): Promise<Answer> {
  await untilServed(hub.url);
  return askNow(hub, content, maxTokens);
}
