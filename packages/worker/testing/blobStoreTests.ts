/** What every blob store must do; each adapter's test calls this with a way to open a store on the same place twice. */
import { createHash } from 'node:crypto';
import { Sha256 } from '@potluck/protocol';
import { describe, expect, it } from 'vitest';
import type { BlobStore } from '../src/blobs/blobStore.ts';

/** @param setup returns a function that opens a store; calling it again opens the same place anew */
export function runBlobStoreTests(name: string, setup: () => Promise<() => Promise<BlobStore>>): void {
  describe(`${name} as a blob store`, () => {
    const bytes = new TextEncoder().encode('some weights');
    const sha256 = Sha256.parse(createHash('sha256').update(bytes).digest('hex'));

    it('keeps a committed blob, also when it is opened anew', async () => {
      const open = await setup();
      const store = await open();
      const partial = await store.openPartial(sha256);
      await partial.append(bytes.subarray(0, 4));
      await partial.append(bytes.subarray(4));
      expect(await partial.read()).toEqual(bytes);
      await partial.commit();
      await partial.close();
      for (const one of [store, await open()]) {
        expect(await one.list()).toEqual([sha256]);
        expect(await one.sizeOf(sha256)).toBe(bytes.byteLength);
        expect(await one.read(sha256)).toEqual(bytes);
        expect(await one.usage()).toEqual({ blobs: 1, bytes: bytes.byteLength });
      }
    });

    it('continues a partial blob where it was left, also when it is opened anew', async () => {
      const open = await setup();
      const partial = await (await open()).openPartial(sha256);
      await partial.append(bytes.subarray(0, 5));
      await partial.close();
      const store = await open();
      expect(await store.list()).toEqual([]);
      expect(await store.read(sha256)).toBeUndefined();
      const again = await store.openPartial(sha256);
      expect(again.size).toBe(5);
      await again.append(bytes.subarray(5));
      await again.commit();
      await again.close();
      expect(await store.read(sha256)).toEqual(bytes);
    });

    it('starts a discarded partial blob from nothing', async () => {
      const store = await (await setup())();
      const partial = await store.openPartial(sha256);
      await partial.append(bytes);
      await partial.discard();
      expect(partial.size).toBe(0);
      await partial.append(bytes);
      expect(await partial.read()).toEqual(bytes);
      await partial.close();
    });

    it('lists first what was used longest ago, also when it is opened anew', async () => {
      const open = await setup();
      const store = await open();
      const names: Sha256[] = [];
      for (const text of ['one', 'two', 'three']) {
        const name = Sha256.parse(createHash('sha256').update(text).digest('hex'));
        const partial = await store.openPartial(name);
        await partial.append(new TextEncoder().encode(text));
        await partial.commit();
        await partial.close();
        names.push(name);
      }
      const [one, two, three] = names as [Sha256, Sha256, Sha256];
      for (const name of [three, one, two, sha256]) await store.touch(name);
      expect(await (await open()).list()).toEqual([three, one, two]);
    });

    it('forgets a removed blob', async () => {
      const store = await (await setup())();
      const partial = await store.openPartial(sha256);
      await partial.append(bytes);
      await partial.commit();
      await partial.close();
      await store.remove(sha256);
      expect(await store.sizeOf(sha256)).toBeUndefined();
      expect(await store.list()).toEqual([]);
      expect(await store.usage()).toEqual({ blobs: 0, bytes: 0 });
    });
  });
}
