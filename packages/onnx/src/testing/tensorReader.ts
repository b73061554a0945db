/** Reads whole tensors of a model from its files. */
import type { OnnxTensor } from '../model.ts';
import type { ModelFiles } from '../source.ts';

/** A function that reads a tensor's bytes wherever they are: in memory, in `files`, or computed. */
export function tensorReader(files: ModelFiles): (tensor: OnnxTensor) => Promise<Uint8Array> {
  return async ({ data }) => {
    switch (data.kind) {
      case 'inline':
        return data.bytes;
      case 'computed':
        return data.compute();
      case 'range':
        return (await files.open(data.file)).read(data.offset, data.length);
    }
  };
}
