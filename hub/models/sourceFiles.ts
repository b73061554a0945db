/** A model source's graph and weights, as the importer reads them. */
import path from 'node:path';
import { directoryModelFiles } from '@potluck/onnx/node';
import { checkLink } from './linkRule.ts';
import type { ModelSource } from './modelSource.ts';

/** Opening a file that is a link to where it must not lead throws ModelError. */
export function sourceFiles(
  source: Pick<ModelSource, 'directory' | 'allowed' | 'graphDirectory'>,
): ReturnType<typeof directoryModelFiles> {
  const files = directoryModelFiles(source.graphDirectory);
  return {
    open: async (name) => {
      const opened = await files.open(name);
      await checkLink(source, path.join(source.graphDirectory, name), 'graph');
      return opened;
    },
  };
}
