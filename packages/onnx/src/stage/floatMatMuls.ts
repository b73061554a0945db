/**
 * A stage's blockwise quantised matmuls as float32 ones, for processors whose kernels unpack the blocks at every step:
 * there the weights are unpacked once, when the stage is loaded.
 */
import type { StageDescription } from '@potluck/protocol';
import { intAttribute, makeNode } from '../graph/nodes.ts';
import { removeUnused } from '../graph/simplifyGraph.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../model.ts';
import { tensorBytes } from '../protobuf/elementType.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import { unpackBlocks, type BlockwiseWeight } from './unpackBlocks.ts';
import { stageFiles, stageGraphName, type ReadWeights } from './stageFiles.ts';

export interface FloatMatMuls {
  graph: Uint8Array<ArrayBuffer>;
  /** Weight files that the graph still reads as they were. */
  keptPaths: Set<string>;
  /** Weight files that it reads beside those; none where nothing was changed. */
  made: { path: string; compute: () => Promise<Uint8Array<ArrayBuffer>> }[];
  /** What the weights take more than before. */
  moreBytes: number;
}

/**
 * Turns MatMulNBits nodes with constant float32 scales into MatMul nodes of the same weights, in the graph's order, as
 * long as room is left; others stay as they are.
 * @param stageGraph as `buildStage` made it
 * @param mostBytes what the new weights may take
 */
export async function floatMatMuls(
  stageGraph: Uint8Array,
  description: Pick<StageDescription, 'weights'>,
  mostBytes: number,
  read: ReadWeights,
): Promise<FloatMatMuls> {
  const model = await readModel(stageFiles(stageGraph, description, read), stageGraphName);
  const { graph } = model;
  const before = weightBytes(graph);
  const made: FloatMatMuls['made'] = [];
  const madeOf = new Map<string, OnnxTensor>();
  let left = mostBytes;
  graph.nodes = graph.nodes.flatMap((node) => {
    const weight = blockwiseWeight(node, graph);
    if (!weight) return [node];
    const key = node.inputs.slice(1, 4).join(' ');
    let tensor = madeOf.get(key);
    if (!tensor) {
      const { rows, columns } = weight;
      const bytes = 4 * rows * columns;
      if (bytes > left) return [node];
      left -= bytes;
      const path = `potluck-float-${made.length}`;
      tensor = {
        name: `${node.inputs[1]}/float`,
        type: 'float32',
        dims: [rows, columns],
        data: { kind: 'range', file: path, offset: 0, length: bytes },
      };
      madeOf.set(key, tensor);
      graph.initializers.set(tensor.name, tensor);
      made.push({ path, compute: () => compute(weight, read) });
    }
    return floatNodes(node, tensor.name);
  });
  removeUnused(graph);
  const madePaths = new Set(made.map(({ path }) => path));
  const paths = [...graph.initializers.values()].flatMap(({ data }) =>
    data.kind === 'range' ? [data.file] : [],
  );
  return {
    graph: made.length > 0 ? writeModel(model) : stageGraph.slice(),
    keptPaths: new Set(paths.filter((path) => !madePaths.has(path))),
    made,
    moreBytes: weightBytes(graph) - before,
  };
}

interface QuantizedMatMul extends Omit<BlockwiseWeight, 'blocks' | 'scales' | 'zeroPoints'> {
  blocks: OnnxTensor;
  scales: OnnxTensor;
  zeroPoints: OnnxTensor | undefined;
}

/** What a MatMulNBits multiplies with; undefined for other nodes, and where it is of a kind that is not unpacked here. */
function blockwiseWeight(node: OnnxNode, graph: OnnxGraph): QuantizedMatMul | undefined {
  if (node.opType !== 'MatMulNBits' || node.domain !== 'com.microsoft') return undefined;
  const [, blocksName = '', scalesName = '', zeroPointsName = '', groupIndex = ''] = node.inputs;
  const blocks = graph.initializers.get(blocksName);
  const scales = graph.initializers.get(scalesName);
  const zeroPoints = graph.initializers.get(zeroPointsName);
  const bits = intAttribute(node, 'bits', 4);
  const rows = intAttribute(node, 'K', 0);
  const columns = intAttribute(node, 'N', 0);
  const blockSize = intAttribute(node, 'block_size', 0);
  if ((bits !== 4 && bits !== 8) || groupIndex !== '' || blockSize < 16) return undefined;
  if (blocks?.type !== 'uint8' || scales?.type !== 'float32') return undefined;
  if (zeroPointsName !== '' && zeroPoints?.type !== 'uint8') return undefined;
  return { rows, columns, bits, blockSize, blocks, scales, zeroPoints };
}

function floatNodes(node: OnnxNode, weightName: string): OnnxNode[] {
  const [activations = '', , , , , bias = ''] = node.inputs;
  const [output = ''] = node.outputs;
  if (bias === '') return [{ ...makeNode('MatMul', [activations, weightName], output), name: node.name }];
  const product = `${output}/product`;
  return [
    { ...makeNode('MatMul', [activations, weightName], product), name: node.name },
    makeNode('Add', [product, bias], output),
  ];
}

async function compute(
  { blocks, scales, zeroPoints, ...shape }: QuantizedMatMul,
  read: ReadWeights,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytesOf = async ({ data }: OnnxTensor): Promise<Uint8Array> => {
    if (data.kind === 'range') return read(data.file, data.offset, data.length);
    return data.kind === 'inline' ? data.bytes : data.compute();
  };
  const floats = unpackBlocks({
    ...shape,
    blocks: await bytesOf(blocks),
    // A copy, so that it is aligned.
    scales: new Float32Array(new Uint8Array(await bytesOf(scales)).buffer),
    zeroPoints: zeroPoints && (await bytesOf(zeroPoints)),
  });
  return new Uint8Array(floats.buffer);
}

const weightBytes = (graph: OnnxGraph): number =>
  [...graph.initializers.values()].reduce((sum, { type, dims }) => sum + tensorBytes(type, dims), 0);
