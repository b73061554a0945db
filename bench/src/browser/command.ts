/** `npm run bench -- browser`: the whole model in transformers.js against tabs, on wasm and on WebGPU, in one Chromium. */
import { gpuFlags, type Gpu } from '@potluck/headless-browsers';
import { Command, Option } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine } from '../machine.ts';
import { generatedModel, smallDecoder, trainedModel, trainedModelWithFloats } from '../models.ts';
import type { BenchModel } from '../compare.ts';
import { numbers } from '../options.ts';
import { writeResults } from '../results.ts';
import { markdownTable } from '../table.ts';
import { launchChromium } from './chromium.ts';
import {
  compareInBrowser,
  type Backend,
  type BackendSettings,
  type BrowserComparison,
} from './compareInBrowser.ts';
import { serveWholeModelPage } from './wholeModelPage.ts';

interface Options {
  backends: string;
  prompts: number[];
  newTokens: number;
  rounds: number;
  gpuPrompts: number[];
  gpuNewTokens: number;
  gpuRounds: number;
  gpu: Gpu;
  gpuModel: 'small' | 'trained';
  browser?: string;
  port: number;
  out: string;
}

/** As many as a tab takes, at most. */
const mostThreads = 8;

export const browserCommand = new Command('browser')
  .description('Measure tabs against the whole model in one page, in one Chromium')
  .option('--backends <names>', 'wasm, webgpu', 'wasm,webgpu')
  .option('--prompts <tokens>', 'prompt lengths in tokens on wasm', numbers, [64, 1500])
  .option('--new-tokens <count>', 'tokens of an answer on wasm', Number, 32)
  .option('--rounds <count>', 'counted rounds on wasm, after one to warm up', Number, 3)
  .option('--gpu-prompts <tokens>', 'prompt lengths on WebGPU', numbers, [64])
  .option('--gpu-new-tokens <count>', 'tokens of an answer on WebGPU', Number, 8)
  .option('--gpu-rounds <count>', 'counted rounds on WebGPU', Number, 2)
  .addOption(
    new Option('--gpu <kind>', 'what WebGPU computes on: swiftshader is a slow stand-in on the processor')
      .choices(['swiftshader', 'nvidia', 'system'])
      .default('swiftshader'),
  )
  .addOption(
    new Option('--gpu-model <name>', 'small has random weights; trained takes seconds a token on swiftshader')
      .choices(['small', 'trained'])
      .default('small'),
  )
  .option('--browser <path>', 'the Chromium or Chrome to use (default: one is looked for)')
  .option('--port <port>', 'first of the ports for hubs', Number, 8760)
  .option('--out <file>', 'where the figures go as JSON', 'bench/results/browser.json')
  .action(run);

async function run(options: Options): Promise<void> {
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim();
  const threads = Math.min(availableParallelism(), mostThreads);
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'potluck-bench-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const browser = resources.use(await launchChromium(options.gpu, options.browser));
  const machine = {
    ...describeMachine(['onnxruntime-web', '@huggingface/transformers']),
    chromium: browser.version(),
    webgpu: gpuFlags(options.gpu).join(' '),
  };
  console.log(markdownTable([{ ...machine, 'wasm threads': threads, command }]));
  const server = resources.use(await serveWholeModelPage(folder));
  const comparisons: BrowserComparison[] = [];
  for (const [index, backend] of (options.backends.split(',') as Backend[]).entries()) {
    const firstPort = options.port + 10 * index;
    const model = await modelFor(backend, options, folder);
    const comparison = await compareInBrowser(
      { browser, server, model, folder, backend, threads, firstPort },
      settingsFor(backend, options),
    );
    comparisons.push(comparison);
    console.log(`\n## ${comparison.model}, ${backend}\n\n${markdownTable(comparison.rows)}\n`);
    console.log(markdownTable(comparison.tabCosts));
  }
  await writeResults(options.out, { machine, threads, command, comparisons });
}

/** On wasm also as a tab has it there; on WebGPU only the same graph. */
async function modelFor(backend: Backend, { gpuModel }: Options, folder: string): Promise<BenchModel> {
  if (backend === 'wasm') return trainedModelWithFloats(folder);
  const model =
    gpuModel === 'trained' ? await trainedModel(folder) : await generatedModel(folder, smallDecoder);
  return { ...model, wholeModels: model.wholeModels.slice(0, 1) };
}

function settingsFor(backend: Backend, options: Options): BackendSettings {
  if (backend === 'wasm') {
    const { prompts, newTokens, rounds } = options;
    return { promptLengths: prompts, newTokens, rounds };
  }
  const { gpuPrompts, gpuNewTokens, gpuRounds } = options;
  return { promptLengths: gpuPrompts, newTokens: gpuNewTokens, rounds: gpuRounds };
}
