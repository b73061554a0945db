/** Scripts that run first in web workers, also in those that web workers start, where Playwright replaces no script for sure. */
import type { Page } from '@playwright/test';

/** @param script runs in each web worker that the page starts, and in theirs, before anything else; `name` tells which one it is */
export async function runFirstInWorkers(page: Page, script: string): Promise<void> {
  await page.addInitScript(install, script);
}

/** Runs in the page, and by its own text in every web worker below: it may refer to nothing around it. */
function install(script: string): void {
  const addressOf = (text: string): string =>
    URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      const first = addressOf(`(${install.toString()})(${JSON.stringify(script)});\n${script}`);
      super(addressOf(`import ${JSON.stringify(first)};\nimport ${JSON.stringify(String(url))};`), options);
    }
  };
}
