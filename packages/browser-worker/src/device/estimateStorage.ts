/** What a browser gives this page to store, in bytes. */
export interface StorageEstimate {
  quotaBytes: number;
  usedBytes: number;
}

/** @returns undefined where the browser does not tell @throws what the browser throws where pages may store nothing */
export async function estimateStorage(): Promise<StorageEstimate | undefined> {
  const { storage } = navigator as { storage?: StorageManager };
  const estimate = await storage?.estimate();
  if (estimate?.quota === undefined) return undefined;
  return { quotaBytes: estimate.quota, usedBytes: estimate.usage ?? 0 };
}
