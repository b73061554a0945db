/** `npm run bench -- prediction`: what the hub predicts of each answer beside what it then measures, on real local workers. */
import { randomUUID } from 'node:crypto';
import { predictionError, type RequestSummary } from '@potluck/api';
import { Command } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHub } from '../../../e2e/support/hubProcess.ts';
import { requestOf } from '../../../e2e/support/requests.ts';
import { describeMachine } from '../machine.ts';
import { generatedModel, smallDecoder, trainedModel } from '../models.ts';
import { numbers } from '../options.ts';
import { loadTokenizer, promptOfLength } from '../prompts.ts';
import { writeResults } from '../results.ts';
import { median } from '../statistics.ts';
import { markdownTable } from '../table.ts';

interface Options {
  models: string;
  stages: number[];
  promptTokens: number[];
  rounds: number;
  newTokens: number;
  port: number;
  out: string;
}

interface PredictedModel {
  name: string;
  directory: string;
}

/** By name; `folder` is where files may be written. */
const models: Record<string, (folder: string) => Promise<PredictedModel>> = {
  small: async (folder) => ({
    ...(await generatedModel(join(folder, 'small'), smallDecoder)),
    name: 'small',
  }),
  trained: async (folder) => ({ ...(await trainedModel(folder)), name: 'minimind2-small, 8 bit' }),
  q4: async () => ({ name: 'minimind2-small, q4', directory: testModel('minimind2-small') }),
  generated: async (folder) => ({ ...(await generatedModel(folder)), name: 'generated' }),
};

export const predictionCommand = new Command('prediction')
  .description('Compare predicted with measured speed of each answer')
  .option(
    '--models <names>',
    `of ${Object.keys(models).join(', ')}; q4 lies in POTLUCK_TEST_MODELS`,
    'small,trained,generated',
  )
  .option('--stages <counts>', 'numbers of stages', numbers, [1, 2])
  .option('--prompt-tokens <counts>', 'lengths of prompts, in turns', numbers, [40, 600])
  .option(
    '--rounds <count>',
    'answers to each prompt; the first of a hub is predicted from a trial alone',
    Number,
    6,
  )
  .option('--new-tokens <count>', 'tokens of an answer', Number, 64)
  .option('--port <port>', 'first of the ports for hubs', Number, 8780)
  .option('--out <file>', 'where the figures go as JSON', 'bench/results/prediction.json')
  .action(run);

/** One answer. */
interface Row {
  model: string;
  stages: number;
  promptTokens: number;
  /** Counted from 1, over all prompts of a hub. */
  answer: number;
  /** Processes that wanted a processor in the last minute. */
  load: number;
  predictedTokensPerSecond: number;
  tokensPerSecond: number;
  predictedFirstMs: number;
  firstMs: number;
}

async function run(options: Options): Promise<void> {
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`;
  const machine = describeMachine(['onnxruntime-node']);
  const folder = await mkdtemp(join(tmpdir(), 'potluck-bench-'));
  const rows: Row[] = [];
  let { port } = options;
  console.log(`${markdownTable([{ ...machine, command }])}\n`);
  try {
    for (const name of options.models.split(',')) {
      const make = models[name];
      if (!make) throw new Error(`there is no model '${name}': ${Object.keys(models).join(', ')}`);
      const model = await make(folder);
      for (const stages of options.stages) {
        const measured = await measure(model, stages, { ...options, port: port++ });
        rows.push(...measured);
        // What is known by now stays where the run is ended early.
        console.log(`${markdownTable(summarise(measured))}\n`);
        await writeResults(options.out, { machine, command, errors: errorsOf(rows), rows });
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  console.log(markdownTable(Object.entries(errorsOf(rows)).map(([of, one]) => ({ of, ...one }))));
}

function errorsOf(rows: readonly Row[]): Record<string, ReturnType<typeof describeErrors>> {
  return {
    'first answers': describeErrors(rows.filter(({ answer }) => answer === 1)),
    'later answers': describeErrors(rows.filter(({ answer }) => answer > 1)),
  };
}

/** The same hub for all prompts, which come in turns: what one teaches is used for the other. */
async function measure(model: PredictedModel, stages: number, options: Options): Promise<Row[]> {
  const tokenizer = await loadTokenizer(model.directory);
  const prompts = options.promptTokens.map((length) => promptOfLength(tokenizer, length).content);
  // Another length comes first at each number of stages.
  if (stages % 2 === 0) prompts.reverse();
  await using hub = await startHub({
    port: options.port,
    flags: [
      ...['--model', model.directory, '--stages', String(stages)],
      ...['--local-workers', String(stages), '--threads', '1', '--log-level', 'warn'],
    ],
    env: { POTLUCK_DEVICE: 'cpu' },
  });
  const rows: Row[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const prompt of prompts) {
      const { predicted, promptTokens, tokensPerSecond, firstTokenMs, queueMs } = await answer(
        hub.url,
        prompt,
        options.newTokens,
      );
      if (!predicted || tokensPerSecond === null || firstTokenMs === null) continue;
      rows.push({
        model: model.name,
        stages,
        promptTokens,
        answer: rows.length + 1,
        load: loadavg()[0] ?? 0,
        predictedTokensPerSecond: predicted.tokensPerSecond,
        tokensPerSecond,
        predictedFirstMs: predicted.firstTokenMs,
        firstMs: firstTokenMs - (queueMs ?? 0),
      });
    }
  }
  return rows;
}

/** Asks, and returns how the hub recorded it. */
async function answer(url: string, content: string, newTokens: number): Promise<RequestSummary> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ messages: [{ role: 'user', content }], temperature: 0, max_tokens: newTokens },
      // The same prompt comes again, and is to be computed again.
      cache_salt: randomUUID(),
    }),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.arrayBuffer();
  return requestOf({ url }, response.headers.get('x-request-id') ?? '');
}

/** The first answer of each hub by itself, then medians of the later ones to each prompt. */
function summarise(rows: readonly Row[]): object[] {
  const groups = Map.groupBy(
    rows,
    (row) => `${row.model} ${row.stages} ${row.answer === 1} ${row.promptTokens}`,
  );
  return [...groups.values()].map((group) => {
    const [{ model, stages, promptTokens, answer }] = group as [Row];
    const middle = (key: Exclude<keyof Row, 'model'>): number => median(group.map((row) => row[key]));
    return {
      ...{
        model,
        stages,
        promptTokens,
        answers: answer === 1 ? 'the first' : group.length,
        load: middle('load'),
      },
      'predicted tokens/s': middle('predictedTokensPerSecond'),
      'tokens/s': middle('tokensPerSecond'),
      'predicted first ms': middle('predictedFirstMs'),
      'first ms': middle('firstMs'),
      ...describeErrors(group),
    };
  });
}

function describeErrors(rows: readonly Row[]): Record<'tokenError' | 'firstTokenError', number> {
  const middle = (errors: number[]): number => median(errors.map(Math.abs));
  return {
    tokenError: middle(rows.map((row) => predictionError(row.predictedTokensPerSecond, row.tokensPerSecond))),
    firstTokenError: middle(rows.map((row) => predictionError(row.predictedFirstMs, row.firstMs))),
  };
}

function testModel(name: string): string {
  const folder = process.env.POTLUCK_TEST_MODELS;
  if (!folder) throw new Error('set POTLUCK_TEST_MODELS to the folder with the test models');
  return join(folder, name);
}
