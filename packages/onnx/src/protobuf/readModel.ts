/** Reads an ONNX file into memory, all but its weights. Field numbers are those of onnx.proto. */
import { ModelFileError, OnnxFormatError, UnsupportedModelError } from '../errors.ts';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxValue } from '../model.ts';
import type { ModelFiles } from '../source.ts';
import { elementTypeOfCode, refusedElementType } from './elementType.ts';
import { openOnce, type FileSizes } from './fileSizes.ts';
import { maxGraphDepth, maxGraphItems, maxMetadataBytes, maxNameBytes, maxTensorAxes } from './limits.ts';
import { readTensor } from './readTensor.ts';
import { unpackVarints, WireReader, type WireField } from './wireReader.ts';

/**
 * Reads the model in `graphFile`. Weights are never read: they become ranges of the file they are in.
 * @throws {OnnxFormatError} if a file is malformed, truncated or beyond a limit
 * @throws {UnsupportedModelError} if it uses what we don't know: strings, sparse tensors, local functions
 * @throws {ModelFileError} if a file is missing or its name leaves the folder
 */
export async function readModel(files: ModelFiles, graphFile: string): Promise<OnnxModel> {
  const sizes = openOnce(files);
  const source = await sizes.open(graphFile);
  const reader = new ModelReader(new WireReader(source, graphFile), sizes);
  try {
    return await reader.readModel(source.size);
  } catch (error) {
    if (
      error instanceof OnnxFormatError ||
      error instanceof UnsupportedModelError ||
      error instanceof ModelFileError
    ) {
      throw error;
    }
    throw new ModelFileError(`can't be read: ${String(error)}`, graphFile, { cause: error });
  }
}

class ModelReader {
  #wire: WireReader;
  #files: FileSizes;
  #items = 0;

  constructor(wire: WireReader, files: FileSizes) {
    this.#wire = wire;
    this.#files = files;
  }

  async readModel(size: number): Promise<OnnxModel> {
    const model = { irVersion: 0, opsets: new Map<string, number>(), producer: '' };
    const metadata = new Map<string, string>();
    let graph: OnnxGraph | undefined;
    await this.#wire.fields(0, size, async (field) => {
      switch (field.number) {
        case 1:
          model.irVersion = Number(field.varint);
          break;
        case 2:
          model.producer = await this.#text(field);
          break;
        case 7:
          graph = await this.#graph(field, 0);
          break;
        case 8: {
          const [domain, version] = await this.#opset(field);
          model.opsets.set(domain, version);
          break;
        }
        case 14: {
          const [key, value] = await this.#entry(field);
          metadata.set(key, value);
          break;
        }
        case 25:
          throw new UnsupportedModelError('functions defined in the model', this.#wire.file);
      }
    });
    if (!graph) return this.#wire.fail('no graph in the file', size);
    return { ...model, ...(metadata.size > 0 ? { metadata } : {}), graph };
  }

  async #opset(message: WireField): Promise<[string, number]> {
    let domain = '';
    let version = 0;
    await this.#message(message, async (field) => {
      if (field.number === 1) domain = await this.#text(field);
      if (field.number === 2) version = Number(field.varint);
    });
    // `ai.onnx` is another way to write the standard domain.
    return [domain === 'ai.onnx' ? '' : domain, version];
  }

  async #entry(message: WireField): Promise<[string, string]> {
    let key = '';
    let value = '';
    await this.#message(message, async (field) => {
      if (field.number === 1) key = await this.#text(field);
      // Values are free-form: exporters keep whole configurations here.
      if (field.number === 2) value = await this.#wire.text(field, maxMetadataBytes);
    });
    return [key, value];
  }

  async #graph(message: WireField, depth: number): Promise<OnnxGraph> {
    if (depth > maxGraphDepth)
      this.#wire.fail(`subgraphs nested deeper than ${maxGraphDepth}`, message.start);
    const graph: OnnxGraph = {
      name: '',
      nodes: [],
      inputs: [],
      outputs: [],
      values: [],
      initializers: new Map(),
    };
    await this.#message(message, async (field) => {
      switch (field.number) {
        case 1:
          graph.nodes.push(await this.#node(field, depth));
          break;
        case 2:
          graph.name = await this.#text(field);
          break;
        case 5: {
          this.#count(field);
          const tensor = await readTensor(this.#wire, field.start, field.end, this.#files);
          if (graph.initializers.has(tensor.name)) {
            this.#wire.fail(`two initializers named ${tensor.name}`, field.start);
          }
          graph.initializers.set(tensor.name, tensor);
          break;
        }
        case 11:
        case 12: {
          const value = await this.#value(field);
          if (!value.typeCode)
            return this.#wire.fail('a graph input or output without a tensor type', field.start);
          if (!value.value) throw refusedElementType(value.typeCode, value.name);
          (field.number === 11 ? graph.inputs : graph.outputs).push(value.value);
          break;
        }
        case 13: {
          // An annotation of a kind that we have no name for is no loss.
          const value = await this.#value(field);
          if (value.value && value.hasShape) graph.values.push(value.value);
          break;
        }
        case 15:
          throw new UnsupportedModelError('sparse initializers', graph.name);
      }
    });
    return graph;
  }

  async #node(message: WireField, depth: number): Promise<OnnxNode> {
    this.#count(message);
    const node: OnnxNode = {
      name: '',
      opType: '',
      domain: '',
      inputs: [],
      outputs: [],
      attributes: new Map(),
    };
    await this.#message(message, async (field) => {
      switch (field.number) {
        case 1:
          node.inputs.push(await this.#text(field));
          break;
        case 2:
          node.outputs.push(await this.#text(field));
          break;
        case 3:
          node.name = await this.#text(field);
          break;
        case 4:
          node.opType = await this.#text(field);
          break;
        case 5: {
          const [name, attribute] = await this.#attribute(field, depth);
          if (attribute) node.attributes.set(name, attribute);
          break;
        }
        case 7: {
          const domain = await this.#text(field);
          node.domain = domain === 'ai.onnx' ? '' : domain;
          break;
        }
        case 8:
          throw new UnsupportedModelError('overloaded operators', node.name);
      }
    });
    return node;
  }

  /** An attribute without a value we can hold is refused; one without any value is undefined. */
  async #attribute(message: WireField, depth: number): Promise<[string, OnnxAttribute | undefined]> {
    let name = '';
    let type = 0;
    let single: OnnxAttribute | undefined;
    const floats: number[] = [];
    const ints: bigint[] = [];
    const strings: Uint8Array[] = [];
    await this.#message(message, async (field) => {
      switch (field.number) {
        case 1:
          name = await this.#text(field);
          break;
        case 2:
          single = { type: 'float', value: (await this.#floats(field))[0] ?? 0 };
          break;
        case 3:
          single = { type: 'int', value: BigInt.asIntN(64, field.varint) };
          break;
        case 4:
          single = { type: 'string', value: await this.#bytes(field) };
          break;
        case 5: {
          const value = await readTensor(this.#wire, field.start, field.end, this.#files);
          single = { type: 'tensor', value };
          break;
        }
        case 6:
          single = { type: 'graph', value: await this.#graph(field, depth + 1) };
          break;
        case 7:
          for (const value of await this.#floats(field)) floats.push(value);
          break;
        case 8:
          for (const value of await this.#ints(field)) ints.push(value);
          break;
        case 9:
          strings.push(await this.#bytes(field));
          break;
        case 20:
          type = Number(field.varint);
          break;
        case 10:
        case 11:
        case 14:
        case 15:
        case 21:
        case 22:
        case 23:
          throw new UnsupportedModelError(`attribute of a kind that is not known`, name);
      }
    });
    if (floats.length > 0 || type === 6) return [name, { type: 'floats', value: floats }];
    if (ints.length > 0 || type === 7) return [name, { type: 'ints', value: ints }];
    if (strings.length > 0 || type === 8) return [name, { type: 'strings', value: strings }];
    // Proto3 writers leave out zeros and empty strings: the type says what is meant.
    if (single === undefined && type === 1) return [name, { type: 'float', value: 0 }];
    if (single === undefined && type === 2) return [name, { type: 'int', value: 0n }];
    if (single === undefined && type === 3) return [name, { type: 'string', value: new Uint8Array(0) }];
    return [name, single];
  }

  /**
   * `value` is undefined where it is no tensor (`typeCode` is then 0), or of an element type that we have no name for. A
   * value without a shape has `dims` as a scalar has them, and `hasShape` tells the two apart.
   */
  async #value(
    message: WireField,
  ): Promise<{ name: string; typeCode: number; value: OnnxValue | undefined; hasShape: boolean }> {
    this.#count(message);
    let name = '';
    let typeCode = 0;
    let dims: OnnxValue['dims'] | undefined;
    await this.#message(message, async (field) => {
      if (field.number === 1) name = await this.#text(field);
      if (field.number !== 2) return;
      await this.#message(field, async (type) => {
        if (type.number !== 1) return;
        await this.#message(type, async (tensor) => {
          if (tensor.number === 1) typeCode = Number(tensor.varint);
          if (tensor.number === 2) dims = await this.#shape(tensor);
        });
      });
    });
    const type = elementTypeOfCode(typeCode);
    const value = type && { name, type, dims: dims ?? [] };
    return { name, typeCode, value, hasShape: dims !== undefined };
  }

  async #shape(message: WireField): Promise<OnnxValue['dims']> {
    const dims: OnnxValue['dims'] = [];
    await this.#message(message, async (field) => {
      if (field.number !== 1) return;
      if (dims.length >= maxTensorAxes) {
        this.#wire.fail(`a value of more than ${maxTensorAxes} axes`, field.start);
      }
      let dimension: OnnxValue['dims'][number];
      await this.#message(field, async (part) => {
        if (part.number === 1) {
          // A negative length is how some exporters write "unknown".
          const length = BigInt.asIntN(64, part.varint);
          if (length >= 0n && length <= BigInt(Number.MAX_SAFE_INTEGER)) dimension = Number(length);
        }
        if (part.number === 2) dimension = await this.#text(part);
      });
      dims.push(dimension);
    });
    return dims;
  }

  async #message(message: WireField, onField: (field: WireField) => Promise<void> | void): Promise<void> {
    if (message.kind !== 'bytes') {
      this.#wire.fail(`field ${message.number} should be a message`, message.start);
    }
    await this.#wire.fields(message.start, message.end, onField);
  }

  #text(field: WireField): Promise<string> {
    return this.#wire.text(field, maxNameBytes);
  }

  #bytes(field: WireField): Promise<Uint8Array> {
    if (field.end - field.start > maxMetadataBytes) this.#wire.fail('an attribute too long', field.start);
    return this.#wire.bytes(field.start, field.end);
  }

  async #floats(field: WireField): Promise<number[]> {
    const bytes = await this.#bytes(field);
    if (field.kind === 'varint' || bytes.length % 4 !== 0) {
      return this.#wire.fail('malformed floats', field.start);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
  }

  async #ints(field: WireField): Promise<bigint[]> {
    if (field.kind === 'varint') return [BigInt.asIntN(64, field.varint)];
    const values = unpackVarints(await this.#bytes(field));
    if (!values) return this.#wire.fail('malformed integers', field.start);
    return values.map((value) => BigInt.asIntN(64, value));
  }

  #count(field: WireField): void {
    if (++this.#items > maxGraphItems) {
      this.#wire.fail(`more than ${maxGraphItems} nodes, initializers and values`, field.start);
    }
  }
}
