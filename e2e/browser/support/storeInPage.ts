/** A blob store in a page's IndexedDB, worked from Node; bytes cross as arrays of numbers. */
import type { BlobStore, PartialBlob } from '@potluck/worker';
import type { JSHandle, Page } from 'playwright';

/** @param page shows `weights.html` */
export async function storeInPage(page: Page, database: string): Promise<BlobStore> {
  const store: JSHandle<BlobStore> = await page.evaluateHandle(
    (name) => globalThis.openWeights({ database: name }),
    database,
  );
  return {
    list: () => store.evaluate((it) => it.list()),
    touch: (sha256) => store.evaluate((it, name) => it.touch(name), sha256),
    sizeOf: (sha256) => store.evaluate((it, name) => it.sizeOf(name), sha256),
    usage: () => store.evaluate((it) => it.usage()),
    async read(sha256) {
      const numbers = await store.evaluate(async (it, name) => {
        const bytes = await it.read(name);
        return bytes && [...bytes];
      }, sha256);
      return numbers && Uint8Array.from(numbers);
    },
    openPartial: async (sha256) =>
      partialInPage(await store.evaluateHandle((it, name) => it.openPartial(name), sha256)),
    remove: (sha256) => store.evaluate((it, name) => it.remove(name), sha256),
    async hold(names) {
      const held = await store.evaluateHandle(
        async (it, all) => ({ letGo: await it.hold?.(all) }),
        [...names],
      );
      return () => void held.evaluate(({ letGo }) => letGo?.());
    },
    removeUnheld: (sha256) => store.evaluate(async (it, name) => it.removeUnheld?.(name) ?? false, sha256),
  };
}

async function partialInPage(partial: JSHandle<PartialBlob>): Promise<PartialBlob> {
  let size = await partial.evaluate((it) => it.size);
  const withSize = async (act: Promise<void>): Promise<void> => {
    await act;
    size = await partial.evaluate((it) => it.size);
  };
  return {
    get size() {
      return size;
    },
    append: (bytes) =>
      withSize(partial.evaluate((it, numbers) => it.append(Uint8Array.from(numbers)), [...bytes])),
    read: async () => Uint8Array.from(await partial.evaluate(async (it) => [...(await it.read())])),
    commit: () => withSize(partial.evaluate((it) => it.commit())),
    discard: () => withSize(partial.evaluate((it) => it.discard())),
    close: () => partial.evaluate((it) => it.close()),
  };
}
