/** A small graph that shows whether a device computes: one row through square matrices. */
import type { OnnxModel } from '@potluck/onnx';
import { writeModel } from '@potluck/onnx/write';

export const probeWidth = 64;
const layers = 4;

/** Input `x0` and output `x<layers>` are [1, width]. */
export function probeGraph(type: 'float32' | 'float16'): { bytes: Uint8Array<ArrayBuffer>; output: string } {
  const width = probeWidth;
  const value = (name: string) => ({ name, type, dims: [1, width] });
  const bytes = new Uint8Array(width * width * (type === 'float32' ? 4 : 2));
  const model: OnnxModel = {
    irVersion: 8,
    opsets: new Map([['', 17]]),
    producer: 'potluck',
    graph: {
      name: 'probe',
      nodes: Array.from({ length: layers }, (_, layer) => ({
        name: `matmul${layer}`,
        opType: 'MatMul',
        domain: '',
        inputs: [`x${layer}`, 'weights'],
        outputs: [`x${layer + 1}`],
        attributes: new Map(),
      })),
      inputs: [value('x0')],
      outputs: [value(`x${layers}`)],
      values: [],
      initializers: new Map([
        ['weights', { name: 'weights', type, dims: [width, width], data: { kind: 'inline', bytes } }],
      ]),
    },
  };
  return { bytes: writeModel(model), output: `x${layers}` };
}
