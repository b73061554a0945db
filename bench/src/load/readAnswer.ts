/** One streamed answer, read with as little work as can be: this process must not be what is measured. */
import { once } from 'node:events';
import { request, type Agent, type IncomingMessage } from 'node:http';

export interface ReadAnswer {
  sessionId: string;
  /** When each of its tokens came, by `performance.now()`. */
  cameAt: number[];
  /** Resolves when it has ended. */
  ended: Promise<void>;
}

export interface Asked {
  url: string;
  agent: Agent;
  model: string;
  content: string;
  maxTokens: number;
}

const event = Buffer.from('data: {');

/** @returns when the answer has begun @throws Error where the hub refuses */
export async function readAnswer({ url, agent, model, content, maxTokens }: Asked): Promise<ReadAnswer> {
  const sent = request(`${url}/v1/chat/completions`, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json' },
  });
  sent.end(
    JSON.stringify({ model, stream: true, max_tokens: maxTokens, messages: [{ role: 'user', content }] }),
  );
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) {
    const text = Buffer.concat(await response.toArray()).toString();
    throw new Error(`the hub answered ${response.statusCode}: ${text}`);
  }
  const cameAt: number[] = [];
  /** The first says the role. */
  let isFirst = true;
  response.on('data', (bytes: Buffer) => {
    const now = performance.now();
    for (let at = bytes.indexOf(event); at >= 0; at = bytes.indexOf(event, at + event.length)) {
      if (isFirst) isFirst = false;
      else cameAt.push(now);
    }
  });
  const ended = once(response, 'close').then(() => undefined);
  return { sessionId: String(response.headers['x-request-id']), cameAt, ended };
}
