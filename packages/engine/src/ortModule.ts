/** ONNX Runtime as the engine takes it: what `onnxruntime-node` and `onnxruntime-web` have in common. */
import type * as onnxRuntime from 'onnxruntime-common';

export type OrtModule = Pick<typeof onnxRuntime, 'InferenceSession' | 'Tensor'>;
