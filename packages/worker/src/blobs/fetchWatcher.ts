/** How a fetch goes on. */
export interface FetchWatcher {
  /** Bytes that arrived (negative: that were dropped again). */
  onBytes: (count: number) => void;
  /** Something a person should know, such as a corrupted blob that is fetched again. */
  onNote: (note: string) => void;
  signal: AbortSignal;
}
