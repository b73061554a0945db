/** Single values by name, such as the settings. */
export interface ValueStore {
  /** @returns the value as it was put, to be checked by the reader; undefined if there is none */
  get(name: string): Promise<unknown>;
  put(name: string, value: unknown): Promise<void>;
}
