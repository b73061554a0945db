/** `npm test`: every check and test, then what took longest, and last what failed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildTestPages, testPagesIn } from '../e2e/browser/support/builtPages.ts';
import { builtInModelIn, importBuiltInModel } from '../e2e/support/builtInModel.ts';
import { buildProgram } from '../e2e/support/builtProgram.ts';
import { programIn } from './program.ts';
import { failuresText } from './failures.ts';
import { runLines, type Line } from './runLines.ts';
import { readReports, reportsInto } from './testReport.ts';
import { slowest } from './timings.ts';

const cache = join(import.meta.dirname, '../node_modules/.cache/potluck-tests');
rmSync(cache, { recursive: true, force: true });
const reportDirectory = join(cache, 'reports');
const builtInModel = join(cache, 'built-in-model');
const testPages = join(cache, 'test-pages');
const program = join(cache, 'program');
/** Kept from run to run, until `npm ci` removes it: it would grow for ever in the system's temporary directory. */
const compiled = join(cache, '../node-compile-cache');

/**
 * Lines beside each other, so that no processor stands still: browser and integration tests wait half of their time, for
 * processes to start and for deadlines. Unit tests hardly wait: they come when one of the two is done, beside the rest of the
 * other. Checks have no deadlines and take what the others leave.
 */
const lines: readonly Line[] = [
  { scripts: ['test:browser'] },
  { scripts: ['test:integration'] },
  { scripts: ['format:check', 'lint', 'check'], givesWay: true },
];
const last = ['test:unit'];

const env = {
  ...process.env,
  ...reportsInto(reportDirectory),
  ...builtInModelIn(builtInModel),
  ...testPagesIn(testPages),
  ...programIn(program),
  // For linters, tests, and the programs that tests start.
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compiled,
};
await Promise.all([importBuiltInModel(builtInModel), buildTestPages(testPages), buildProgram(program)]);
const outcomes = await runLines(lines, last, env);

const reports = readReports(reportDirectory);
console.log(
  `\n${slowest(
    [...reports.values()].flatMap(({ files }) => files),
    20,
  )}\n`,
);
for (const { script, seconds, ok } of outcomes)
  console.log(`${seconds.toFixed(1).padStart(7)}  ${script}${ok ? '' : ': FAILED'}`);
const failed = outcomes.filter(({ ok }) => !ok);
if (failed.length > 0) {
  const scripts = failed.map(({ script, output }) => ({
    ...{ script, output },
    failures: reports.get(script)?.failures ?? [],
  }));
  console.log(`\n${failuresText(scripts)}`);
  process.exitCode = 1;
}
