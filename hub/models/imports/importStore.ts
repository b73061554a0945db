/** Imports that go on after a restart. */
export interface ImportStore {
  /** Oldest first; as they were put, to be checked by the reader. */
  list(): Promise<unknown[]>;
  put(id: string, createdAt: number, record: unknown): Promise<void>;
  remove(id: string): Promise<void>;
}
