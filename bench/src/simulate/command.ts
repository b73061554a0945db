/** `npm run bench -- simulate`: how the hub's decisions would do over hours, in a minute. */
import { Command } from 'commander';
import { markdownTable } from '../table.ts';
import { simulate, type SimulationInit } from './simulate.ts';

interface Options {
  workers: number;
  hours: number;
  seed: number;
  standby: number;
}

/** Sizes as of models with 0.6, 8, 32 and 70 billion parameters in 4 bits. */
const models: SimulationInit['models'] = [
  { name: 'small', layers: 28, layerBytes: 14e6, cacheBytes: 4096, plan: 'automatic', replicas: 4 },
  { name: 'medium', layers: 36, layerBytes: 130e6, cacheBytes: 4096, plan: 'automatic', replicas: 2 },
  { name: 'large', layers: 64, layerBytes: 290e6, cacheBytes: 4096, plan: 'automatic', replicas: 1 },
  { name: 'forced', layers: 80, layerBytes: 60e6, cacheBytes: 4096, plan: 'shards', stages: 8, replicas: 1 },
];

export const simulateCommand = new Command('simulate')
  .description('Run the hub’s decisions on virtual time, over workers that come, go and fail')
  .option('--workers <count>', 'workers, of which about half are here at a time', Number, 1000)
  .option('--hours <hours>', 'virtual time', Number, 24)
  .option('--seed <number>', 'what happens; the same seed gives the same output', Number, 1)
  .option(
    '--standby <share>',
    'how much of the memory may be in use while workers stand by, 0 to 1',
    Number,
    0.5,
  )
  .action(async ({ workers, hours, seed, standby: standbyShare }: Options) => {
    const init = { workers, hours, seed, models, standbyShare };
    const { models: scores, events, joins, fetchedBytes } = await simulate(init);
    const shown = scores.map((one) => ({
      ...one,
      availability: `${(100 * one.availability).toFixed(2)} %`,
    }));
    console.log(markdownTable(shown));
    const fetchedGB = Math.round(fetchedBytes / 1e9);
    console.log(
      `\n${markdownTable([{ workers, hours, seed, standbyShare, events, joins, 'GB moved': fetchedGB }])}`,
    );
  });
