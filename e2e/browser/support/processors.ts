import type { BrowserContext } from '@playwright/test';

/** Pages that come see a device of so many processors, as many as the tabs have threads. The most of several calls counts. */
export async function showProcessors(context: BrowserContext, count: number): Promise<void> {
  await context.addInitScript((value) => {
    const shown = Object.getOwnPropertyDescriptor(navigator, 'hardwareConcurrency')?.value as
      number | undefined;
    const most = Math.max(shown ?? 0, value);
    Object.defineProperty(navigator, 'hardwareConcurrency', { configurable: true, value: most });
  }, count);
}
