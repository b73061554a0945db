/** For what a blob is fetched, and how that goes on. */
export interface FetchWatcher {
  /** Of which model, and which layers: people know these, not the names of blobs. */
  model: string;
  range: string;
  /** Bytes that arrived (negative: that were dropped again). */
  onBytes: (count: number) => void;
  /** Something a person should know, such as a corrupted blob that is fetched again. */
  onNote: (note: string) => void;
  signal: AbortSignal;
}
