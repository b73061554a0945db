/** `npm test`: every check and test, one step after the other until one fails, then what took longest. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runScript, runScripts, type Outcome } from './runScript.ts';
import { readTimings, slowest, timingsInto } from './timings.ts';

const timings = join(import.meta.dirname, '../node_modules/.cache/potluck-test-timings');
rmSync(timings, { recursive: true, force: true });
const env = { ...process.env, ...timingsInto(timings) };

const steps: (() => Promise<Outcome[]>)[] = [
  // Static checks have one processor, and the unit tests what is left: the text of the former comes at their end.
  async () => {
    const checks = runScripts(['format:check', 'lint', 'check'], { env, output: 'at the end' });
    const unit = await runScript('test:unit', { env, output: 'at once' });
    return [unit, ...(await checks)];
  },
  async () => [await runScript('test:integration', { env, output: 'at once' })],
  async () => [await runScript('test:browser', { env, output: 'at once' })],
];

const outcomes: Outcome[] = [];
for (const step of steps) {
  const ended = await step();
  for (const { text } of ended) process.stdout.write(text);
  outcomes.push(...ended);
  if (ended.some(({ ok }) => !ok)) break;
}

console.log(`\n${slowest(readTimings(timings), 20)}\n`);
for (const { script, seconds, ok } of outcomes)
  console.log(`${seconds.toFixed(1).padStart(7)}  ${script}${ok ? '' : ': FAILED'}`);
if (outcomes.some(({ ok }) => !ok)) process.exitCode = 1;
