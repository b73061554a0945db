/** Writes an ONNX file: what is inline goes into it, ranges become external data of the files they name. */
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from '../model.ts';
import { codeOfElementType } from './elementType.ts';
import { WireWriter } from './wireWriter.ts';

/** Codes of AttributeProto.AttributeType. */
const attributeCodes: Record<OnnxAttribute['type'], number> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
};

/**
 * The model as the bytes of an .onnx file. Ranges are written as external data with location, offset, length.
 * @throws {TypeError} if a tensor's bytes are still to be computed
 */
export function writeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  writer.int(1, model.irVersion);
  writer.text(2, model.producer);
  writer.message(7, (graph) => writeGraph(graph, model.graph));
  for (const [domain, version] of model.opsets) {
    writer.message(8, (opset) => {
      opset.text(1, domain);
      opset.int(2, version);
    });
  }
  for (const [key, value] of model.metadata ?? []) {
    writer.message(14, (entry) => {
      entry.text(1, key);
      entry.text(2, value);
    });
  }
  return writer.bytes().slice();
}

function writeGraph(writer: WireWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writer.message(1, (message) => writeNode(message, node));
  writer.text(2, graph.name);
  for (const tensor of graph.initializers.values()) {
    writer.message(5, (message) => writeTensor(message, tensor));
  }
  for (const value of graph.inputs) writer.message(11, (message) => writeValue(message, value));
  for (const value of graph.outputs) writer.message(12, (message) => writeValue(message, value));
  for (const value of graph.values) writer.message(13, (message) => writeValue(message, value));
}

/** The content of one NodeProto message. */
export function writeNode(writer: WireWriter, node: OnnxNode): void {
  for (const input of node.inputs) writer.text(1, input);
  for (const output of node.outputs) writer.text(2, output);
  if (node.name) writer.text(3, node.name);
  writer.text(4, node.opType);
  for (const [name, attribute] of node.attributes) {
    writer.message(5, (message) => writeAttribute(message, name, attribute));
  }
  if (node.domain) writer.text(7, node.domain);
}

function writeAttribute(writer: WireWriter, name: string, attribute: OnnxAttribute): void {
  writer.text(1, name);
  switch (attribute.type) {
    case 'float':
      writer.float(2, attribute.value);
      break;
    case 'int':
      writer.int(3, attribute.value);
      break;
    case 'string':
      writer.data(4, attribute.value);
      break;
    case 'tensor':
      writer.message(5, (message) => writeTensor(message, attribute.value));
      break;
    case 'graph':
      writer.message(6, (message) => writeGraph(message, attribute.value));
      break;
    case 'floats':
      for (const value of attribute.value) writer.float(7, value);
      break;
    case 'ints':
      for (const value of attribute.value) writer.int(8, value);
      break;
    case 'strings':
      for (const value of attribute.value) writer.data(9, value);
      break;
  }
  writer.int(20, attributeCodes[attribute.type]);
}

/** The content of one TensorProto message. */
export function writeTensor(writer: WireWriter, tensor: OnnxTensor): void {
  for (const length of tensor.dims) writer.int(1, length);
  writer.int(2, codeOfElementType(tensor.type));
  writer.text(8, tensor.name);
  if (tensor.data.kind === 'inline') {
    writer.data(9, tensor.data.bytes);
    return;
  }
  if (tensor.data.kind === 'computed') {
    throw new TypeError(
      `Tensor ${tensor.name} is still to be computed: pack it, or make it inline, before writing`,
    );
  }
  const entries = {
    location: tensor.data.file,
    offset: String(tensor.data.offset),
    length: String(tensor.data.length),
  };
  for (const [key, value] of Object.entries(entries)) {
    writer.message(13, (entry) => {
      entry.text(1, key);
      entry.text(2, value);
    });
  }
  writer.int(14, 1);
}

/** The content of one ValueInfoProto message. */
export function writeValue(writer: WireWriter, value: OnnxValue): void {
  writer.text(1, value.name);
  writer.message(2, (type) => {
    type.message(1, (tensor) => {
      tensor.int(1, codeOfElementType(value.type));
      tensor.message(2, (shape) => {
        for (const dimension of value.dims) {
          shape.message(1, (part) => {
            if (typeof dimension === 'number') part.int(1, dimension);
            else if (dimension !== undefined) part.text(2, dimension);
          });
        }
      });
    });
  });
}
