/** Does a graph compute in half precision anywhere? Then only devices that have it can run it. */
import type { OnnxGraph } from '../model.ts';

/** True where a weight, an input, an output or an annotated value is float16. */
export function usesFloat16({ initializers, inputs, outputs, values }: OnnxGraph): boolean {
  return [...initializers.values(), ...inputs, ...outputs, ...values].some(({ type }) => type === 'float16');
}
