/** `npm test`: every check and test, one step after the other until one fails, then what took longest. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runScripts, type Outcome } from './runScripts.ts';
import { readTimings, slowest, timingsInto } from './timings.ts';

const timings = join(import.meta.dirname, '../node_modules/.cache/potluck-test-timings');
rmSync(timings, { recursive: true, force: true });
const env = { ...process.env, ...timingsInto(timings) };

/** What runs at the same time; of each step, the output of the first line is shown at once, that of others at its end. */
const steps = [
  [['test:unit'], ['format:check', 'lint', 'check']],
  // Each of them waits half of its time, for processes to start and for deadlines.
  [['test:browser'], ['test:integration']],
];

const outcomes: Outcome[] = [];
for (const step of steps) {
  const lines = step.map((scripts, index) => runScripts(scripts, { env, shown: index === 0 }));
  const ended = (await Promise.all(lines)).flat();
  for (const { text } of ended) process.stdout.write(text);
  outcomes.push(...ended);
  if (ended.some(({ ok }) => !ok)) break;
}

console.log(`\n${slowest(readTimings(timings), 20)}\n`);
for (const { script, seconds, ok } of outcomes)
  console.log(`${seconds.toFixed(1).padStart(7)}  ${script}${ok ? '' : ': FAILED'}`);
if (outcomes.some(({ ok }) => !ok)) process.exitCode = 1;
