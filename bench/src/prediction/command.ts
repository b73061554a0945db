/** `npm run bench -- prediction`: what previews predict beside what is then measured, on real local workers. */
import type { Deployment, DeploymentPreview, RequestSummary } from '@potluck/api';
import { Command } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../ask.ts';
import type { BenchModel } from '../compare.ts';
import { startHub } from '../hub.ts';
import { describeMachine } from '../machine.ts';
import { generatedModel, trainedModel } from '../models.ts';
import { numbers } from '../options.ts';
import { loadTokenizer, promptOfLength } from '../prompts.ts';
import { writeResults } from '../results.ts';
import { median } from '../statistics.ts';
import { markdownTable } from '../table.ts';

interface Options {
  models: string;
  stages: number[];
  rounds: number;
  newTokens: number;
  port: number;
  out: string;
}

/** Previews predict prompts of so many tokens. */
const promptTokens = 256;

export const predictionCommand = new Command('prediction')
  .description('Compare predicted with measured speed, before each answer')
  .option('--models <names>', 'trained, generated', 'trained,generated')
  .option('--stages <counts>', 'numbers of stages', numbers, [1, 2])
  .option('--rounds <count>', 'answers for each figure; the first is predicted from a trial alone', Number, 6)
  .option('--new-tokens <count>', 'tokens of an answer', Number, 32)
  .option('--port <port>', 'first of the ports for hubs', Number, 8780)
  .option('--out <file>', 'where the figures go as JSON', 'bench/results/prediction.json')
  .action(run);

interface Row {
  model: string;
  stages: number;
  answer: number;
  predictedTokenMs: number;
  tokenMs: number;
  predictedFirstMs: number;
  firstMs: number;
}

async function run(options: Options): Promise<void> {
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`;
  const machine = describeMachine(['onnxruntime-node']);
  const folder = await mkdtemp(join(tmpdir(), 'potluck-bench-'));
  const rows: Row[] = [];
  try {
    for (const name of options.models.split(',')) {
      const model = name === 'trained' ? await trainedModel(folder) : await generatedModel(folder);
      for (const stages of options.stages) {
        rows.push(...(await measure(model, stages, { ...options, port: options.port + rows.length })));
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const errorOf = (predicted: number, measured: number): number => Math.abs(predicted / measured - 1);
  // The first answer warms caches up, and its trial may have run while the machine was busy loading.
  const counted = rows.filter(({ answer }) => answer > 1);
  const errors = {
    tokenError: median(counted.map((row) => errorOf(row.predictedTokenMs, row.tokenMs))),
    firstTokenError: median(counted.map((row) => errorOf(row.predictedFirstMs, row.firstMs))),
  };
  console.log(markdownTable([{ ...machine, command }]));
  console.log(`\n${markdownTable(rows.map((row) => ({ ...row })))}\n\n${markdownTable([errors])}`);
  await writeResults(options.out, { machine, command, rows, errors });
}

async function measure(model: BenchModel, stages: number, options: Options): Promise<Row[]> {
  const { rounds, newTokens, port } = options;
  const { content } = promptOfLength(await loadTokenizer(model.directory), promptTokens);
  await using hub = await startHub(port, [
    ...['--model', model.directory, '--stages', String(stages)],
    ...['--local-workers', String(stages), '--threads', '1'],
  ]);
  await hub.ready;
  const rows: Row[] = [];
  for (let answer = 1; answer <= rounds; answer++) {
    const { tokenMilliseconds, firstTokenMilliseconds } = await predict(hub.url);
    const { firstTokenMs } = await ask(hub.url, content, newTokens);
    const tokenMs = await lastTokenMs(hub.url);
    rows.push({
      model: model.name,
      stages,
      answer,
      predictedTokenMs: tokenMilliseconds,
      tokenMs,
      predictedFirstMs: firstTokenMilliseconds,
      firstMs: firstTokenMs,
    });
  }
  return rows;
}

/** What a token of the last answer took: the mean, as the hub keeps it. */
async function lastTokenMs(url: string): Promise<number> {
  const { requests } = (await (await fetch(`${url}/api/requests?limit=1`)).json()) as {
    requests: RequestSummary[];
  };
  return 1000 / (requests[0]?.tokensPerSecond ?? Number.NaN);
}

/** What the hub predicts of the one deployment that it has. */
async function predict(url: string): Promise<DeploymentPreview['predictions'][number]> {
  const list = (await (await fetch(`${url}/api/deployments`)).json()) as { deployments: Deployment[] };
  const [deployment] = list.deployments;
  const response = await fetch(`${url}/api/deployments/preview`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: deployment?.model, plan: deployment?.plan }),
  });
  const { predictions, problem } = (await response.json()) as DeploymentPreview;
  const [prediction] = predictions;
  if (!prediction) throw new Error(`nothing is predicted: ${problem}`);
  return prediction;
}
