/** What is known of a value's type and shape: from the file's annotations, else from the operator that makes it. */
import type { Dimension, ElementType } from '@potluck/protocol';
import type { OnnxGraph } from '../model.ts';
import type { GraphIndex } from './graphIndex.ts';
import { inferOutput, type PartialShape } from './inferOutput.ts';

export interface KnownShape {
  type: ElementType;
  dims: Dimension[];
}

export type ShapeOf = (value: string) => KnownShape | undefined;

/** Meaning of the symbols that a file uses for lengths. */
export type SymbolMeanings = ReadonlyMap<string, Dimension>;

/**
 * Looks shapes up in annotations, and completes them through common operators: exporters lose track of lengths at
 * every reshape, but a residual sum has the shape of what it is added to.
 */
export function shapeLookup(graph: OnnxGraph, index: GraphIndex, symbols: SymbolMeanings): ShapeOf {
  const known = new Map<string, PartialShape>();
  for (const value of [...graph.values, ...graph.outputs, ...graph.inputs]) {
    const dims = value.dims.map((length) => (typeof length === 'string' ? symbols.get(length) : length));
    known.set(value.name, { type: value.type, dims });
  }
  for (const { name, type, dims } of graph.initializers.values()) known.set(name, { type, dims });
  const context = {
    shapeOf: (value: string) => known.get(value),
    integersOf: (value: string) => integersOf(graph, value),
  };
  for (const node of index.order) {
    node.outputs.forEach((output, position) => {
      const annotated = known.get(output);
      if (!output || annotated?.dims.every((dimension) => dimension !== undefined)) return;
      const inferred = inferOutput(node, position, context);
      const merged = annotated && inferred ? merge(annotated, inferred) : (annotated ?? inferred);
      if (merged) known.set(output, merged);
    });
  }
  return (value) => {
    const shape = known.get(value);
    if (!shape) return undefined;
    const dims = shape.dims.filter((dimension) => dimension !== undefined);
    return dims.length === shape.dims.length ? { type: shape.type, dims } : undefined;
  };
}

function merge(annotated: PartialShape, inferred: PartialShape): PartialShape {
  if (annotated.dims.length !== inferred.dims.length) return annotated;
  return {
    type: annotated.type,
    dims: annotated.dims.map((dimension, axis) => dimension ?? inferred.dims[axis]),
  };
}

/** Values of a 64-bit integer constant held in memory. */
function integersOf(graph: OnnxGraph, value: string): bigint[] | undefined {
  const tensor = graph.initializers.get(value);
  if (tensor?.type !== 'int64' || tensor.data.kind !== 'inline') return undefined;
  const { bytes } = tensor.data;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 8 }, (_, index) => view.getBigInt64(index * 8, true));
}
