/**
 * `npm run chaos -- --minutes M --seed S`: answers under way while the hub, workers and tabs are lost, until the time is over. Turns
 * between a grid in this process, with every kind of loss at every moment, and one of processes with tabs in Chromium.
 */
import { describeResult, joinResults, lossCount, noResult } from './support/chaos/chaosResult.ts';
import { chaosUsage, processSpares, readChaosFlags } from './support/chaos/chaosFlags.ts';
import { runMemoryChaos } from './support/chaos/memoryChaos.ts';
import { runProcessChaos } from './support/chaos/processChaos.ts';

const flags = readChaosFlags(process.argv.slice(2));
if (typeof flags === 'string') {
  console.error(`npm run chaos: ${flags}\n\n${chaosUsage}`);
  process.exit(2);
}
const { minutes, seed, stages, concurrent, losses, tabs, grids, memoryKinds, processKinds } = flags;
const say = (line: string): void => console.log(line);
const endsAt = Date.now() + minutes * 60_000;
let total = noResult();
for (let round = seed; Date.now() < endsAt && lossCount(total) < losses; round++) {
  const grid = grids[(round - seed) % grids.length];
  say(`seed ${round}, ${grid}`);
  const init = { seed: round, stages };
  const result =
    grid === 'processes'
      ? await runProcessChaos(
          {
            ...{ ...init, concurrent: Math.min(4, concurrent), spares: processSpares, tabs },
            ...{ losses: Math.min(losses - lossCount(total), 2 * processKinds.length), endsAt },
            ...{ tokens: [40, 200], everyMs: 8000, kinds: processKinds, isRelayed: round % 3 === 0 },
          },
          say,
        )
      : await runMemoryChaos(
          {
            ...{ ...init, concurrent, spares: 3, losses: 100, tokens: [10, 80] },
            ...{ promptTokens: 800, stepMs: 25, everyMs: 2000, kinds: memoryKinds },
          },
          say,
        );
  total = joinResults(total, result);
  for (const line of describeResult(total)) say(line);
}
console.log(`\n${describeResult(total).join('\n')}`);
process.exit(total.wrong.length + total.givenUp.length === 0 ? 0 : 1);
