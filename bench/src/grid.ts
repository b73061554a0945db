/** Our side: a real hub with local workers, asked over HTTP as any client asks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { medianStep } from './statistics.ts';
import type { Measurement } from './wholeModel.ts';

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

/** A hub that serves one model with a fixed number of stages. */
export interface Grid {
  stages: number;
  generate(prompt: string, newTokens: number): Promise<GridMeasurement>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws if the hub does not get ready, with what it said */
export async function startGrid(options: {
  modelDirectory: string;
  stages: number;
  threads: number;
  port: number;
}): Promise<Grid> {
  const data = await mkdtemp(join(tmpdir(), 'potluck-bench-'));
  const bin = new URL('../../bin/potluck.js', import.meta.url).pathname;
  const child = spawn(
    process.execPath,
    [
      bin,
      'hub',
      ...[
        '--port',
        String(options.port),
        '--host',
        '127.0.0.1',
        '--data',
        data,
        '--model',
        options.modelDirectory,
      ],
      ...['--stages', String(options.stages), '--local-workers', String(options.stages)],
      ...['--threads', String(options.threads), '--log-level', 'warn'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, POTLUCK_DEVICE: 'cpu' } },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as unknown[];
  if (typeof line !== 'string' || !line.startsWith('ready '))
    throw new Error(`the hub did not get ready:\n${log}`);
  const url = `http://127.0.0.1:${options.port}`;
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const [model] = (await client.models.list()).data;
  return {
    stages: options.stages,
    generate: (prompt, newTokens) => generate(client, url, model?.id ?? '', prompt, newTokens),
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function generate(
  client: OpenAI,
  url: string,
  model: string,
  prompt: string,
  newTokens: number,
): Promise<GridMeasurement> {
  const start = performance.now();
  const { data: stream, response } = await client.chat.completions
    .create({
      model,
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
