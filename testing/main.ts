/** `npm test`: every check and test, then what took longest. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtInModelIn, importBuiltInModel } from '../e2e/support/builtInModel.ts';
import { runLines, type Line } from './runLines.ts';
import { readTimings, slowest, timingsInto } from './timings.ts';

const cache = join(import.meta.dirname, '../node_modules/.cache/potluck-tests');
rmSync(cache, { recursive: true, force: true });
const timings = join(cache, 'timings');
const builtInModel = join(cache, 'built-in-model');

/**
 * Lines beside each other, so that no processor stands still: browser and integration tests wait half of their time, for
 * processes to start and for deadlines. Checks have no deadlines and take what the others leave.
 */
const lines: readonly Line[] = [
  { scripts: ['test:browser'] },
  { scripts: ['test:integration', 'test:unit'] },
  { scripts: ['format:check', 'lint', 'check'], givesWay: true },
];

const env = {
  ...process.env,
  ...timingsInto(timings),
  ...builtInModelIn(builtInModel),
  // Where the product keeps what it compiled; so linters, too, and what tests start.
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache'),
};
await importBuiltInModel(builtInModel);
const outcomes = await runLines(lines, env);

console.log(`\n${slowest(readTimings(timings), 20)}\n`);
for (const { script, seconds, ok } of outcomes)
  console.log(`${seconds.toFixed(1).padStart(7)}  ${script}${ok ? '' : ': FAILED'}`);
if (outcomes.some(({ ok }) => !ok)) process.exitCode = 1;
