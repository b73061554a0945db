/** What is known of a value's type and shape: from the file's annotations, else from the operator that makes it. */
import type { Dimension, ElementType } from '@potluck/protocol';
import type { OnnxGraph } from '../model.ts';
import { namesOf, type GraphIndex } from './graphIndex.ts';
import { inferLengths, type Length } from './inferLengths.ts';
import { inferOutput } from './inferOutput.ts';
import type { PartialShape } from './reshapes.ts';

export interface KnownShape {
  type: ElementType;
  dims: Dimension[];
}

export type ShapeOf = (value: string) => KnownShape | undefined;

/** The integers that a value holds, flattened, as far as they follow from shapes. */
export type LengthsOf = (value: string) => readonly Length[] | undefined;

/** Meaning of the symbols that a file uses for lengths. */
export type SymbolMeanings = ReadonlyMap<string, Dimension>;

/**
 * Looks shapes up in annotations, and completes them through common operators: exporters lose track of lengths at
 * every reshape, but a residual sum has the shape of what it is added to.
 * @param lengthInputs graph inputs that hold one length each
 */
export function shapeLookup(
  graph: OnnxGraph,
  index: GraphIndex,
  symbols: SymbolMeanings,
  lengthInputs: ReadonlyMap<string, Dimension> = new Map(),
): ShapeOf {
  return lookUpShapes(graph, index, symbols, lengthInputs).shapeOf;
}

/** As `shapeLookup`, with the integers of shape arithmetic. */
export function lookUpShapes(
  graph: OnnxGraph,
  index: GraphIndex,
  symbols: SymbolMeanings,
  lengthInputs: ReadonlyMap<string, Dimension> = new Map(),
): { shapeOf: ShapeOf; lengthsOf: LengthsOf } {
  const known = new Map<string, PartialShape>();
  for (const value of [...graph.values, ...graph.outputs, ...graph.inputs]) {
    const dims = value.dims.map((length) => (typeof length === 'string' ? symbols.get(length) : length));
    known.set(value.name, { type: value.type, dims });
  }
  for (const { name, type, dims } of graph.initializers.values()) known.set(name, { type, dims });
  const constants = new Set(graph.initializers.keys());
  const lengths = new Map<string, readonly Length[] | undefined>(
    [...lengthInputs].map(([name, length]) => [name, [length]]),
  );
  const context = {
    shapeOf: (value: string) => known.get(value),
    dimsOf: (value: string) => known.get(value)?.dims,
    lengthsOf: (value: string) => {
      if (!lengths.has(value)) lengths.set(value, constantLengths(graph, value));
      return lengths.get(value);
    },
    isConstant: (value: string) => constants.has(value),
  };
  for (const node of index.order) {
    if (namesOf(node.inputs).every((input) => constants.has(input))) {
      for (const output of namesOf(node.outputs)) constants.add(output);
    }
    const [first] = node.outputs;
    if (first) lengths.set(first, inferLengths(node, context));
    node.outputs.forEach((output, position) => {
      const annotated = known.get(output);
      if (!output || annotated?.dims.every((dimension) => dimension !== undefined)) return;
      const inferred = inferOutput(node, position, context);
      const merged = annotated && inferred ? merge(annotated, inferred) : (annotated ?? inferred);
      if (merged) known.set(output, merged);
    });
  }
  const shapeOf: ShapeOf = (value) => {
    const shape = known.get(value);
    if (!shape) return undefined;
    const dims = shape.dims.filter(isLength);
    return dims.length === shape.dims.length ? { type: shape.type, dims } : undefined;
  };
  return { shapeOf, lengthsOf: context.lengthsOf };
}

/** Nonsense in a file may come to lengths that no tensor has. */
function isLength(dimension: Length): dimension is Dimension {
  if (typeof dimension === 'number') return Number.isSafeInteger(dimension) && dimension >= 0;
  return dimension !== undefined;
}

function merge(annotated: PartialShape, inferred: PartialShape): PartialShape {
  if (annotated.dims.length !== inferred.dims.length) return annotated;
  return {
    type: annotated.type,
    dims: annotated.dims.map((dimension, axis) => dimension ?? inferred.dims[axis]),
  };
}

/** The integers of a short constant held in memory. */
function constantLengths(graph: OnnxGraph, value: string): number[] | undefined {
  const tensor = graph.initializers.get(value);
  if (tensor?.type !== 'int64' || tensor.data.kind !== 'inline' || tensor.dims.length > 1) return undefined;
  const { bytes } = tensor.data;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 8 }, (_, place) => Number(view.getBigInt64(place * 8, true)));
}
