/** Which WebGPU adapter a page sees. */
import type { Page } from 'playwright';
import type { AdapterInfo } from './judgeAdapter.ts';

/** @returns undefined where there is none */
export async function readAdapter(page: Page): Promise<AdapterInfo | undefined> {
  return page.evaluate(async () => {
    const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<{ info?: AdapterInfo } | null> } };
    const adapter = await gpu?.requestAdapter();
    if (!adapter) return undefined;
    const { vendor = '', architecture = '', description = '' } = adapter.info ?? {};
    return { vendor, architecture, description };
  });
}
