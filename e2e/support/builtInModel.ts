/** The built-in model as a hub keeps it: imported once for all hubs of a run of tests. */
import { cp, rename } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Names the directory where it is, or will be. */
const variable = 'POTLUCK_TEST_BUILT_IN_MODEL';

/** The environment of a run whose hubs are to find the model in a directory, once it is there. */
export function builtInModelIn(directory: string): Record<string, string> {
  return { [variable]: directory };
}

/** Imports the model; the directory is there when all of it is. @param directory one that is not there yet */
export async function importBuiltInModel(directory: string): Promise<void> {
  const partial = `${directory}.part`;
  // The hub's modules: whoever only copies the model needs none of them.
  const { pino } = await import('pino');
  const { BlobStore } = await import('../../hub/models/blobStore.ts');
  const { builtInModelId } = await import('../../hub/models/builtInModel.ts');
  const { ModelLibrary } = await import('../../hub/models/modelLibrary.ts');
  const blobs = new BlobStore(join(partial, 'blobs'));
  const library = new ModelLibrary(join(partial, 'models'), blobs, pino({ level: 'silent' }));
  await library.open({ reference: builtInModelId });
  await rename(partial, directory);
}

/** Gives a new data directory the model, where this run has it; otherwise the hub will import it, as it does for people. */
export async function copyBuiltInModel(dataDirectory: string): Promise<void> {
  const directory = process.env[variable];
  if (directory !== undefined && existsSync(directory))
    await cp(directory, dataDirectory, { recursive: true });
}
