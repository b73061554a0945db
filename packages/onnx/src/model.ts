/** An ONNX model in memory: the graph in full, its weights as places in files. */
import type { ElementType } from '@potluck/protocol';

/** Where a tensor's bytes (little-endian, row-major, as ONNX raw data) are. */
export type TensorData =
  /** Small constants, held in memory. */
  | { kind: 'inline'; bytes: Uint8Array }
  /** Bytes [offset, offset + length) of a file: the model file itself, one beside it, or a pack. */
  | { kind: 'range'; file: string; offset: number; length: number }
  /** Made by a rewrite when asked for, `length` bytes, so that rewritten weights need no memory until they are packed. */
  | { kind: 'computed'; length: number; compute(): Promise<Uint8Array> };

export interface OnnxTensor {
  name: string;
  type: ElementType;
  dims: number[];
  data: TensorData;
}

export type OnnxAttribute =
  | { type: 'float'; value: number }
  | { type: 'int'; value: bigint }
  | { type: 'string'; value: Uint8Array }
  | { type: 'floats'; value: number[] }
  | { type: 'ints'; value: bigint[] }
  | { type: 'strings'; value: Uint8Array[] }
  | { type: 'tensor'; value: OnnxTensor }
  /** A control-flow subgraph: kept so that it can be named when it is refused. */
  | { type: 'graph'; value: OnnxGraph };

export interface OnnxNode {
  name: string;
  opType: string;
  /** Empty for the standard operators, `com.microsoft` for ONNX Runtime's own. */
  domain: string;
  /** An empty name stands for an optional input that is not given. */
  inputs: string[];
  outputs: string[];
  attributes: Map<string, OnnxAttribute>;
}

/** A graph input, output or annotated value. A dimension is a length, a symbol, or unknown. */
export interface OnnxValue {
  name: string;
  type: ElementType;
  dims: (number | string | undefined)[];
}

export interface OnnxGraph {
  name: string;
  nodes: OnnxNode[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  /** Annotations of values in between; may be incomplete. */
  values: OnnxValue[];
  initializers: Map<string, OnnxTensor>;
}

export interface OnnxModel {
  irVersion: number;
  /** Operator set version by domain ('' is the standard one). */
  opsets: Map<string, number>;
  producer: string;
  /** Free-form notes by key (metadata_props); a packed decoder keeps its description here. */
  metadata?: Map<string, string>;
  graph: OnnxGraph;
}
