/** Has Playwright note how long its files and tests took. */
import type { FullConfig, Reporter, Suite, TestCase, TestResult } from '@playwright/test/reporter';
import { join } from 'node:path';
import { keepTimings, type FileTiming } from './timings.ts';

export default class PlaywrightTimings implements Reporter {
  readonly #files = new Map<string, FileTiming>();
  /** When the last test of each worker ended: hooks, fixtures and starts after that count to the next test's file. */
  readonly #ended: number[] = [];
  readonly #began = performance.now();
  #directory = '';
  #run = '';

  onBegin(config: FullConfig, suite: Suite): void {
    this.#directory = config.rootDir;
    this.#run = suite.suites.map(({ title }) => title).join('-');
  }

  onTestEnd(test: TestCase, { duration, parallelIndex }: TestResult): void {
    // Below the root and the project; where a test is written down may be another file.
    const [, , spec = '', ...titles] = test.titlePath();
    const file = join(this.#directory, spec);
    const timing = this.#files.get(file) ?? { file, milliseconds: 0, tests: [] };
    const now = performance.now();
    timing.milliseconds += now - (this.#ended[parallelIndex] ?? this.#began);
    this.#ended[parallelIndex] = now;
    timing.tests.push({ title: titles.join(' > '), milliseconds: duration });
    this.#files.set(file, timing);
  }

  onEnd(): void {
    keepTimings(`playwright-${this.#run}`, [...this.#files.values()]);
  }
}
