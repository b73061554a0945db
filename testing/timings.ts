/** How long tests took, as reporters note it and people read it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface TestTiming {
  title: string;
  milliseconds: number;
}

export interface FileTiming {
  /** From the top of the repository. */
  file: string;
  /** With what comes before the tests: imports and hooks. */
  milliseconds: number;
  tests: TestTiming[];
}

/** Reporters write here where this variable of the environment names a directory. */
const variable = 'POTLUCK_TEST_TIMINGS';

/** The environment of a run whose reporters are to write into a directory. */
export function timingsInto(directory: string): Record<string, string> {
  mkdirSync(directory, { recursive: true });
  return { [variable]: directory };
}

/** Keeps the timings of a run where the environment says so. @param files with absolute paths */
export function keepTimings(run: string, files: readonly FileTiming[]): void {
  const directory = process.env[variable];
  if (directory === undefined) return;
  const inRepository = files.map((one) => ({ ...one, file: relative(process.cwd(), one.file) }));
  writeFileSync(join(directory, `${run}.json`), JSON.stringify(inRepository));
}

/** @returns what all runs kept in a directory */
export function readTimings(directory: string): FileTiming[] {
  return readdirSync(directory).flatMap(
    (name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as FileTiming[],
  );
}

/** A table of the slowest files and one of the slowest tests, in seconds. */
export function slowest(files: readonly FileTiming[], count: number): string {
  const tests = files.flatMap(({ file, tests }) =>
    tests.map(({ title, milliseconds }) => ({ name: `${file}: ${title}`, milliseconds })),
  );
  return [
    'The slowest files, seconds:',
    ...lines(
      files.map(({ file, milliseconds }) => ({ name: file, milliseconds })),
      count,
    ),
    'The slowest tests, seconds:',
    ...lines(tests, count),
  ].join('\n');
}

function lines(all: readonly { name: string; milliseconds: number }[], count: number): string[] {
  return all
    .toSorted((one, other) => other.milliseconds - one.milliseconds)
    .slice(0, count)
    .map(({ name, milliseconds }) => `${(milliseconds / 1000).toFixed(1).padStart(7)}  ${name}`);
}
