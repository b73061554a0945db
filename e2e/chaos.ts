/** `npm run chaos -- --minutes M --seed S`: runs of lost workers until the time is over. */
import { parseArgs } from 'node:util';
import { runChaos } from './support/chaos.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    stages: { type: 'string', default: '3' },
    concurrent: { type: 'string', default: '20' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const stages = Number(values.stages);
const concurrent = Number(values.concurrent);
if (![minutes, seed, stages, concurrent].every((value) => value > 0)) {
  console.error('Give --minutes, --seed, --stages and --concurrent as numbers above 0.');
  process.exit(2);
}
const endsAt = Date.now() + minutes * 60_000;
const totals = { answers: 0, killed: 0, asleep: 0, replays: 0, recomputedTokens: 0 };
const pauses: number[] = [];
const wrong: string[] = [];
for (let round = 0; Date.now() < endsAt; round++) {
  const init = { seed: seed + round, stages, spares: 2, concurrent };
  const result = await runChaos({ ...init, losses: 20, tokens: [40, 400] }, (line) => console.log(line));
  totals.answers += result.answers;
  totals.killed += result.losses.killed;
  totals.asleep += result.losses.asleep;
  totals.replays += result.replays;
  totals.recomputedTokens += result.recomputedTokens;
  pauses.push(...result.pauses);
  wrong.push(...result.wrong);
}
pauses.sort((one, other) => one - other);
const at = (share: number): number => Math.round(pauses[Math.floor(share * (pauses.length - 1))] ?? 0);
console.log(
  `\n${totals.answers} answers, ${totals.killed} workers killed, ${totals.asleep} put to sleep, ${totals.replays} replays, ` +
    `${totals.recomputedTokens} tokens computed again; pauses p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; ${wrong.length} wrong`,
);
for (const line of wrong) console.log(`WRONG ${line}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
