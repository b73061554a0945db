/** Has Playwright note how long its files and tests took; hooks and fixtures count to the tests that they ran for. */
import type { FullConfig, Reporter, Suite, TestCase, TestResult } from '@playwright/test/reporter';
import { join } from 'node:path';
import { keepTimings, type FileTiming } from './timings.ts';

export default class PlaywrightTimings implements Reporter {
  readonly #files = new Map<string, FileTiming>();
  #directory = '';
  #run = '';

  onBegin(config: FullConfig, suite: Suite): void {
    this.#directory = config.rootDir;
    this.#run = suite.suites.map(({ title }) => title).join('-');
  }

  onTestEnd(test: TestCase, { duration: milliseconds }: TestResult): void {
    // Below the root and the project; where a test is written down may be another file.
    const [, , spec = '', ...titles] = test.titlePath();
    const [file, title] = [join(this.#directory, spec), titles.join(' > ')];
    const timing = this.#files.get(file) ?? { file, milliseconds: 0, tests: [] };
    timing.milliseconds += milliseconds;
    timing.tests.push({ title, milliseconds });
    this.#files.set(file, timing);
  }

  onEnd(): void {
    keepTimings(`playwright-${this.#run}`, [...this.#files.values()]);
  }
}
