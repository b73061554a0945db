/** What the reporters of Vitest and Playwright note, and `npm test` reads when all scripts have ended. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Failure } from './failures.ts';
import type { FileTiming } from './timings.ts';

export interface TestReport {
  files: FileTiming[];
  failures: Failure[];
}

/** Reporters write here where this variable of the environment names a directory. */
const variable = 'POTLUCK_TEST_REPORTS';

/** The environment of a run whose reporters are to write into a directory. */
export function reportsInto(directory: string): Record<string, string> {
  mkdirSync(directory, { recursive: true });
  return { [variable]: directory };
}

/** Keeps what a script of package.json found, where the environment says so. @param report with absolute paths */
export function keepReport({ files, failures }: TestReport): void {
  const directory = process.env[variable];
  // npm names the script that it runs.
  const script = process.env.npm_lifecycle_event;
  if (directory === undefined || script === undefined) return;
  const inRepository = (file: string): string => file && relative(process.cwd(), file);
  const report: TestReport = {
    files: files.map((one) => ({ ...one, file: inRepository(one.file) })),
    failures: failures.map(({ file, title, error }) => ({
      ...{ file: inRepository(file), title },
      error: error.replaceAll(join(process.cwd(), '/'), ''),
    })),
  };
  writeFileSync(join(directory, `${encodeURIComponent(script)}.json`), JSON.stringify(report));
}

/** @returns what all scripts kept in a directory, by the script's name */
export function readReports(directory: string): Map<string, TestReport> {
  return new Map(
    readdirSync(directory).map((name) => [
      decodeURIComponent(name.slice(0, -'.json'.length)),
      JSON.parse(readFileSync(join(directory, name), 'utf8')) as TestReport,
    ]),
  );
}
