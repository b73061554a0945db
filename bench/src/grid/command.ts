/** `npm run bench -- grid`: many answers at once, slow links, lost devices and second turns, on real worker processes. */
import { Command } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchModel } from '../compare.ts';
import { describeMachine } from '../machine.ts';
import { generatedModel, smallDecoder, trainedModel } from '../models.ts';
import { numbers } from '../options.ts';
import { writeResults } from '../results.ts';
import { markdownTable } from '../table.ts';
import { measureJoining } from './joining.ts';
import { measureRecovery } from './recovery.ts';
import { measureReshard } from './reshard.ts';
import { measureSecondTurn } from './secondTurn.ts';
import { measureCopies, measureDelays, measureThroughput } from './throughput.ts';

interface Options {
  parts: string;
  model: 'trained' | 'generated' | 'small';
  stages: number[];
  sessions: number[];
  delays: number[];
  promptTokens: number;
  newTokens: number;
  rounds: number;
  tabs: number[];
  cores: number[];
  out: string;
}

const parts: Record<string, (model: BenchModel, options: Options) => Promise<object[]>> = {
  throughput: (model, { stages, sessions, newTokens, rounds, cores }) =>
    measureThroughput(model, { stages, sessions, tokens: newTokens, rounds, cores }),
  copies: (model, { sessions, newTokens, rounds, cores }) =>
    measureCopies(model, { sessions, tokens: newTokens, rounds, cores }),
  delays: (model, { delays, newTokens, rounds, cores }) =>
    measureDelays(model, { delays, tokens: newTokens, rounds, cores }),
  recovery: (model, { rounds }) => measureRecovery(model, { tokens: 120, rounds, spare: 'weights' }),
  'second-turn': (model, { promptTokens, rounds }) => measureSecondTurn(model, { promptTokens, rounds }),
  reshard: (model, { stages }) => measureReshard(model, stages),
  standby: (model, { rounds }) => measureRecovery(model, { tokens: 120, rounds, spare: 'stages' }),
  joining: (model, { tabs }) => measureJoining(model, tabs),
};
/** The others take long. */
const usualParts = ['throughput', 'delays', 'recovery', 'second-turn', 'reshard'];

export const gridCommand = new Command('grid')
  .description('Measure many answers at once, slow links, lost devices and second turns')
  .option('--parts <names>', Object.keys(parts).join(', '), usualParts.join())
  .option('--model <name>', 'trained, generated or small', 'trained')
  .option('--stages <counts>', 'numbers of stages, a worker with one thread each', numbers, [1, 2, 4])
  .option('--sessions <counts>', 'answers at a time', numbers, [1, 2, 4, 8, 16])
  .option('--delays <milliseconds>', 'what links take longer, one way', numbers, [0, 5, 20, 50])
  .option('--prompt-tokens <count>', 'length of the first turn', Number, 1500)
  .option('--new-tokens <count>', 'tokens of an answer', Number, 64)
  .option('--rounds <count>', 'counted rounds', Number, 3)
  .option('--tabs <counts>', 'tabs that join at once', numbers, [1, 3])
  .option(
    '--cores <numbers>',
    'cores of the processor, one for each worker in turn, such as 0,1 (Linux)',
    numbers,
    [],
  )
  .option('--out <file>', 'where the figures go as JSON', 'bench/results/grid.json')
  .action(run);

async function run(options: Options): Promise<void> {
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`;
  const machine = describeMachine(['onnxruntime-node', 'node-datachannel']);
  const folder = await mkdtemp(join(tmpdir(), 'potluck-bench-'));
  const results: Record<string, object[]> = {};
  try {
    const model = await modelOf(options.model, folder);
    console.log(markdownTable([{ ...machine, model: model.name, load: loadavg()[0], command }]));
    for (const name of options.parts.split(',')) {
      const measure = parts[name];
      if (!measure) throw new Error(`there is no part '${name}': ${Object.keys(parts).join(', ')}`);
      results[name] = await measure(model, options);
      console.log(`\n## ${name}\n\n${markdownTable(results[name])}`);
      // What is known by now stays where the run is ended early.
      await writeResults(options.out, { machine, command, model: model.name, results });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function modelOf(name: Options['model'], folder: string): Promise<BenchModel> {
  switch (name) {
    case 'trained':
      return trainedModel(folder);
    case 'generated':
      return generatedModel(folder);
    case 'small':
      return generatedModel(folder, smallDecoder);
  }
}
