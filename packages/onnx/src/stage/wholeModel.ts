/** The rewritten decoder as one ordinary .onnx file, for other programs and for comparison. */
import type { BlobRef, WeightFile } from '@potluck/protocol';
import type { OnnxTensor } from '../model.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import type { PackedDecoder } from '../package/packedDecoder.ts';
import { buildStageModel } from './buildStage.ts';

/** Protobuf readers stop at 2 GiB; some room for the graph. */
const maxWeightBytes = 2 ** 31 - 64 * 1024 * 1024;

/**
 * All layers with weights inside, under the names of inputs and outputs that the model came with.
 * @param readPack gives the bytes of one pack; packs are asked for one after the other, and the last one is kept
 * @throws {RangeError} if the weights don't fit in one file
 */
export async function wholeModel(
  decoder: PackedDecoder,
  readPack: (pack: BlobRef) => Promise<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const lastLayer = decoder.anatomy.layerCount - 1;
  const { model, description } = buildStageModel(decoder, { firstLayer: 0, lastLayer });
  if (description.weightBytes > maxWeightBytes) {
    throw new RangeError(`${description.weightBytes} bytes of weights do not fit in one .onnx file`);
  }
  const initializers = new Map<string, OnnxTensor>();
  let last: { sha256: string; bytes: Uint8Array } | undefined;
  const packBytes = async (sha256: string): Promise<Uint8Array> => {
    if (last?.sha256 === sha256) return last.bytes;
    const pack = decoder.packs.find((candidate) => candidate.sha256 === sha256);
    if (!pack) throw new RangeError(`No pack ${sha256}`);
    last = { sha256, bytes: await readPack(pack) };
    return last.bytes;
  };
  // By pack, so that each is read once.
  const ordered = [...model.graph.initializers.values()].sort((left, right) =>
    fileOf(left).localeCompare(fileOf(right)),
  );
  for (const tensor of ordered) {
    if (tensor.data.kind !== 'range') {
      initializers.set(tensor.name, tensor);
      continue;
    }
    const file = decoder.weightFiles.get(tensor.data.file);
    if (!file) throw new RangeError(`No weight file ${tensor.data.file}`);
    const bytes = await readRange(file, tensor.data.offset, tensor.data.length, packBytes);
    initializers.set(tensor.name, { ...tensor, data: { kind: 'inline', bytes } });
  }
  return writeModel({ ...model, graph: { ...model.graph, initializers } });
}

function fileOf({ data }: OnnxTensor): string {
  return data.kind === 'range' ? data.file : '';
}

async function readRange(
  file: WeightFile,
  offset: number,
  length: number,
  packBytes: (sha256: string) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let partStart = 0;
  for (const part of file.parts) {
    const start = Math.max(offset, partStart);
    const end = Math.min(offset + length, partStart + part.length);
    if (start < end) {
      const pack = await packBytes(part.sha256);
      const from = part.offset + start - partStart;
      bytes.set(pack.subarray(from, from + end - start), start - offset);
    }
    partStart += part.length;
  }
  return bytes;
}
