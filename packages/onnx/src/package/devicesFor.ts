/** Which kinds of devices have all operators of a graph? */
import type { DeviceKind } from '@potluck/protocol';
import type { OnnxGraph } from '../model.ts';

/** Inputs of GroupQueryAttention with the weights of its own norms of queries and keys. */
const fusedNormSlots = [14, 15];

/**
 * ONNX Runtime 1.30 normalises queries and keys inside GroupQueryAttention on WebGPU and CUDA only; elsewhere the first
 * step fails.
 * @returns undefined where every kind has them
 */
export function devicesFor(graph: OnnxGraph): DeviceKind[] | undefined {
  const hasFusedNorm = graph.nodes.some(
    ({ opType, inputs }) => opType === 'GroupQueryAttention' && fusedNormSlots.some((slot) => inputs[slot]),
  );
  return hasFusedNorm ? ['webgpu', 'cuda'] : undefined;
}
