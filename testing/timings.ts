/** How long tests took, as people read it. */

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
