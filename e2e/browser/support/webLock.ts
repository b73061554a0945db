/** A Web Lock that a page takes, so that what asks for it elsewhere in the browser waits. */
import type { Page } from '@playwright/test';

declare global {
  /** Lets go of the locks that this page holds, by name. */
  var letGoOf: Record<string, () => void> | undefined;
}

/** @returns what lets go, once the page holds the lock */
export async function holdLock(page: Page, name: string): Promise<() => Promise<void>> {
  await page.evaluate(
    (lock) =>
      new Promise<void>((held) => {
        void navigator.locks.request(lock, () => {
          held();
          return new Promise<void>((letGo) => ((globalThis.letGoOf ??= {})[lock] = letGo));
        });
      }),
    name,
  );
  return () => page.evaluate((lock) => globalThis.letGoOf?.[lock]?.(), name);
}
