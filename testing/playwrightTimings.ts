/** Has Playwright note how long its files and tests took; hooks and fixtures count to the tests that they ran for. */
import type { FullConfig, Reporter, Suite, TestCase, TestResult } from '@playwright/test/reporter';
import { keepTimings, type FileTiming } from './timings.ts';

export default class PlaywrightTimings implements Reporter {
  readonly #files = new Map<string, FileTiming>();
  #run = '';

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#run = suite.suites.map(({ title }) => title).join('-');
  }

  onTestEnd(test: TestCase, { duration: milliseconds }: TestResult): void {
    const { file } = test.location;
    // The first three are those of the root, the project and the file.
    const title = test.titlePath().slice(3).join(' > ');
    const timing = this.#files.get(file) ?? { file, milliseconds: 0, tests: [] };
    timing.milliseconds += milliseconds;
    timing.tests.push({ title, milliseconds });
    this.#files.set(file, timing);
  }

  onEnd(): void {
    keepTimings(`playwright-${this.#run}`, [...this.#files.values()]);
  }
}
