/**
 * What a stage takes in memory beside its weights and caches: ONNX Runtime's prepacked copies, its arena,
 * activations. Measured with onnxruntime-node 1.30 on the CPU and weights mapped from files: resident memory grew by 1.05
 * times f32 weights and by 1.52 times 4-bit ones (whose matmuls are prepacked). The hub places with the same
 * number that workers check.
 * @returns bytes
 */
export function workingMemoryBytes(weightBytes: number): number {
  return Math.ceil(weightBytes * workingShare) + workingBytes;
}

const workingShare = 0.6;
const workingBytes = 64 * 1024 * 1024;

/** A stage never holds more than this many sessions of full length; the hub reserves no memory for more. */
export const mostFullSessions = 64;
