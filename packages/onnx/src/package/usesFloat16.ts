/** Does a graph compute in half precision anywhere? Then only devices that have it can run it. */
import { intAttribute } from '../graph/nodes.ts';
import type { OnnxGraph } from '../model.ts';

/** ONNX's code of float16. */
const float16Code = 10;

/** True where a weight, an input, an output or an annotated value is float16, or a node converts to it. */
export function usesFloat16({ initializers, inputs, outputs, values, nodes }: OnnxGraph): boolean {
  return (
    [...initializers.values(), ...inputs, ...outputs, ...values].some(({ type }) => type === 'float16') ||
    nodes.some((node) => node.opType === 'Cast' && intAttribute(node, 'to', 0) === float16Code)
  );
}
