/** The folders in a hub's data directory. */
export const dataFolders = {
  /** Weights, by what they hold. */
  blobs: 'blobs',
  /** What models are beside their weights. */
  models: 'models',
  /** Models on their way in. */
  imports: 'imports',
  /** Of local workers, which make them anew. */
  workers: 'workers',
} as const;
