/**
 * `npm run chaos -- --minutes M --seed S`: answers under way while workers are lost, until the time is over. In this process by
 * default, with every kind of loss; `--grid processes` kills and stops real ones.
 */
import { parseArgs } from 'node:util';
import { describeResult, joinResults, lossCount, noResult } from './support/chaos/chaosResult.ts';
import { faults } from './support/chaos/faults.ts';
import { runMemoryChaos } from './support/chaos/memoryChaos.ts';
import { runProcessChaos } from './support/chaos/processChaos.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    stages: { type: 'string', default: '3' },
    concurrent: { type: 'string', default: '20' },
    losses: { type: 'string', default: '1000000' },
    grid: { type: 'string', default: 'memory' },
    kind: { type: 'string', multiple: true },
  },
});
const { grid, kind: kinds = Object.keys(faults) } = values;
const [minutes, seed, stages, concurrent, losses] = [
  values.minutes,
  values.seed,
  values.stages,
  values.concurrent,
  values.losses,
].map(Number) as [number, number, number, number, number];
const unknown = kinds.filter((kind) => !(kind in faults));
if (![minutes, seed, stages, concurrent, losses].every((value) => value > 0) || unknown.length > 0) {
  console.error(
    'Give --minutes, --seed, --stages, --concurrent and --losses as numbers above 0, and --kind, again and again, as ' +
      `one of: ${Object.keys(faults).join(', ')}.`,
  );
  process.exit(2);
}
const say = (line: string): void => console.log(line);
const init = { stages, concurrent, losses: 100, spares: 3 };
const memory = { promptTokens: 800, stepMs: 25, everyMs: 2000, kinds };
const endsAt = Date.now() + minutes * 60_000;
let total = noResult();
for (let round = seed; Date.now() < endsAt && lossCount(total) < losses; round++) {
  say(`seed ${round}`);
  const result =
    grid === 'processes'
      ? await runProcessChaos({ ...init, seed: round, losses: 20, tokens: [40, 400] }, say)
      : await runMemoryChaos({ ...init, ...memory, seed: round, tokens: [10, 80] }, say);
  total = joinResults(total, result);
  for (const line of describeResult(total).slice(0, 4)) say(line);
}
console.log(`\n${describeResult(total).join('\n')}`);
process.exit(total.wrong.length + total.givenUp.length === 0 ? 0 : 1);
