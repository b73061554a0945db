/** Has Playwright note how long its files and tests took, and what failed. */
import type { FullConfig, Reporter, Suite, TestCase, TestError, TestResult } from '@playwright/test/reporter';
import { join } from 'node:path';
import type { Failure } from './failures.ts';
import { keepReport } from './testReport.ts';
import type { FileTiming } from './timings.ts';

export default class PlaywrightReporter implements Reporter {
  readonly #files = new Map<string, FileTiming>();
  readonly #failures: Failure[] = [];
  /** When the last test of each worker ended: hooks, fixtures and starts after that count to the next test's file. */
  readonly #ended: number[] = [];
  readonly #began = performance.now();
  #directory = '';

  onBegin(config: FullConfig, _suite: Suite): void {
    this.#directory = config.rootDir;
  }

  onTestEnd(test: TestCase, { duration, parallelIndex, errors }: TestResult): void {
    // Below the root and the project; where a test is written down may be another file.
    const [, , spec = '', ...titles] = test.titlePath();
    const file = join(this.#directory, spec);
    const title = titles.join(' > ');
    const timing = this.#files.get(file) ?? { file, milliseconds: 0, tests: [] };
    const now = performance.now();
    timing.milliseconds += now - (this.#ended[parallelIndex] ?? this.#began);
    this.#ended[parallelIndex] = now;
    timing.tests.push({ title, milliseconds: duration });
    this.#files.set(file, timing);
    this.#failures.push(...errors.map((error) => ({ file, title, error: textOf(error) })));
  }

  /** Of no test, such as a file that can't be read or a fixture that does not end. */
  onError(error: TestError): void {
    this.#failures.push({ file: error.location?.file ?? '', title: '', error: textOf(error) });
  }

  onEnd(): void {
    keepReport({ files: [...this.#files.values()], failures: this.#failures });
  }
}

/** What is wrong, and where. */
function textOf({ message, value, location }: TestError): string {
  const place = location ? [`at ${location.file}:${location.line}:${location.column}`] : [];
  const [first = '', ...more] = (message ?? value ?? 'an error without words').split('\n');
  return [first, ...place, ...more].join('\n');
}
