/** Asks a hub over HTTP, as any client does, and takes the times. */
import { randomUUID } from 'node:crypto';
import OpenAI from 'openai';
import { medianStep } from './statistics.ts';
import type { Measurement } from './generateWhole.ts';

/** Sums of one stage over one request, as `GET /api/requests/:id` gives them. */
export interface StageParts {
  steps: number;
  queueMs: number;
  computeMs: number;
  encodeMs: number;
  decodeMs: number;
  wireMs: number;
}

export interface GridMeasurement extends Omit<Measurement, 'tokens'> {
  text: string;
  promptTokens: number;
  stages: StageParts[];
}

/** Asks the one model that the hub at `url` serves, greedily. */
export async function ask(url: string, prompt: string, newTokens: number): Promise<GridMeasurement> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const [model] = (await client.models.list()).data;
  const start = performance.now();
  // The same prompt comes again, and is to be computed again.
  const fresh = { cache_salt: randomUUID() };
  const { data: stream, response } = await client.chat.completions
    .create({
      ...fresh,
      model: model?.id ?? '',
      messages: [{ role: 'user', content: prompt }],
      temperature: 0,
      max_tokens: newTokens,
      stream: true,
      stream_options: { include_usage: true },
    })
    .withResponse();
  const times: number[] = [];
  let text = '';
  let usage: OpenAI.CompletionUsage | undefined;
  for await (const chunk of stream) {
    const content = chunk.choices[0]?.delta.content ?? '';
    if (content !== '') times.push(performance.now());
    text += content;
    usage = chunk.usage ?? usage;
  }
  const { prompt_tokens: promptTokens = 0, completion_tokens: tokens = 0 } = usage ?? {};
  // Text can be held back until its last byte is there, and a token that ends the answer has none.
  if (times.length < tokens - 1)
    throw new Error(`${tokens} tokens came in ${times.length} chunks: time between tokens can't be told`);
  const [first = Number.NaN] = times;
  return {
    firstTokenMs: first - start,
    tokenMs: medianStep(times),
    text,
    promptTokens,
    stages: await stagesOf(url, response.headers.get('x-request-id') ?? ''),
  };
}

async function stagesOf(url: string, requestId: string): Promise<StageParts[]> {
  const response = await fetch(`${url}/api/requests/${requestId}`);
  const { stages } = (await response.json()) as { stages: { timings: StageParts | null }[] };
  return stages.map(({ timings }) => {
    if (!timings) throw new Error(`a stage of request ${requestId} did not tell its timings`);
    return timings;
  });
}
