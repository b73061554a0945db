/** `npm run bench`: prints tables, writes them as JSON. Everything in one run on one machine. */
import { deviceChoices, DeviceError, findDevices, type DeviceChoice } from '@potluck/node-worker';
import { Command, Option } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserCommand } from './browser/command.ts';
import { compare, type BenchSettings, type Comparison } from './compare.ts';
import { describeMachine } from './machine.ts';
import { generatedModel, trainedModel } from './models.ts';
import { gridCommand } from './grid/command.ts';
import { numbers } from './options.ts';
import { hubCommand } from './load/command.ts';
import { placementCommand } from './placement/command.ts';
import { predictionCommand } from './prediction/command.ts';
import { writeResults } from './results.ts';
import { simulateCommand } from './simulate/command.ts';
import { markdownTable } from './table.ts';

interface Options {
  models: string;
  prompts: number[];
  stages: number[];
  newTokens: number;
  rounds: number;
  threads: number;
  device: DeviceChoice;
  port: number;
  out: string;
}

await new Command('npm run bench --')
  .description('Measure Potluck against the whole model in one process')
  // What follows `browser` is that command's.
  .enablePositionalOptions()
  .option('--models <names>', 'trained, generated', 'trained,generated')
  .option('--prompts <tokens>', 'prompt lengths in tokens', numbers, [64, 512, 1500])
  .option('--stages <counts>', 'numbers of stages', numbers, [1, 2, 4])
  .option('--new-tokens <count>', 'tokens of an answer', Number, 32)
  .option('--rounds <count>', 'counted rounds, after one to warm up', Number, 3)
  .option('--threads <count>', 'threads of every process', Number, 1)
  .addOption(
    new Option('--device <device>', 'what both sides compute with; auto is what Potluck finds to be faster')
      .choices(deviceChoices)
      .default('cpu'),
  )
  .option('--port <port>', 'first of the ports for hubs', Number, 8740)
  .option('--out <file>', 'where the figures go as JSON', 'bench/results/latest.json')
  .action(run)
  .addCommand(browserCommand)
  .addCommand(gridCommand)
  .addCommand(hubCommand)
  .addCommand(placementCommand)
  .addCommand(predictionCommand)
  .addCommand(simulateCommand)
  .parseAsync();

async function run(options: Options): Promise<void> {
  const device = await devicesOf(options.device);
  if (!device) return;
  const settings: BenchSettings = {
    promptLengths: options.prompts,
    newTokens: options.newTokens,
    rounds: options.rounds,
    threads: options.threads,
    device,
    stageCounts: options.stages,
    firstPort: options.port,
  };
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim();
  const machine = describeMachine(['onnxruntime-node', '@huggingface/transformers', 'node-datachannel']);
  const folder = await mkdtemp(join(tmpdir(), 'potluck-bench-'));
  const comparisons: Comparison[] = [];
  try {
    console.log(
      markdownTable([
        { ...machine, threads: settings.threads, device: options.device, rounds: settings.rounds, command },
      ]),
    );
    for (const name of options.models.split(',')) {
      const model = name === 'trained' ? await trainedModel(folder) : await generatedModel(folder);
      const comparison = await compare(model, settings);
      comparisons.push(comparison);
      console.log(`\n## ${comparison.model}\n\n${markdownTable(comparison.rows)}\n`);
      console.log(markdownTable(comparison.hops));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await writeResults(options.out, { machine, command, settings, comparisons });
}

/** With `auto` the other side gets the device that is likeliest to be fast. @returns undefined where it is not there */
async function devicesOf(choice: DeviceChoice): Promise<BenchSettings['device'] | undefined> {
  try {
    const { devices, reason } = await findDevices({ device: choice });
    const theirs = devices[0]?.kind ?? 'cpu';
    console.error(
      `both sides compute with ${choice === 'auto' ? `${theirs} or what is faster (${reason})` : theirs}`,
    );
    return { ours: choice, theirs };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
    return undefined;
  }
}
