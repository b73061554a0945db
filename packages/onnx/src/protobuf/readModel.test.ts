import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelFileError, OnnxFormatError, UnsupportedModelError } from '../errors.ts';
import { memoryModelFiles } from '../files/memoryModelFiles.ts';
import type { OnnxGraph, OnnxModel, OnnxTensor } from '../model.ts';
import type { ByteSource } from '../source.ts';
import { maxInlineTensorBytes } from './limits.ts';
import { readModel } from './readModel.ts';
import { WireWriter } from './wireWriter.ts';
import { writeModel, writeTensor } from './writeModel.ts';

function emptyGraph(): OnnxGraph {
  return { name: 'graph', nodes: [], inputs: [], outputs: [], values: [], initializers: new Map() };
}

/** One of everything that a file may hold. */
function sampleModel(): OnnxModel {
  const small: OnnxTensor = {
    name: 'small',
    type: 'int64',
    dims: [2],
    data: { kind: 'inline', bytes: new Uint8Array(16).fill(7) },
  };
  const outside: OnnxTensor = {
    name: 'outside',
    type: 'float16',
    dims: [64, 32],
    data: { kind: 'range', file: 'model.onnx_data', offset: 4096, length: 4096 },
  };
  return {
    irVersion: 10,
    opsets: new Map([
      ['', 21],
      ['com.microsoft', 1],
    ]),
    producer: 'test',
    metadata: new Map([['note', 'x'.repeat(9000)]]),
    graph: {
      name: 'graph',
      nodes: [
        {
          name: 'node',
          opType: 'Op',
          domain: 'com.microsoft',
          inputs: ['x', '', 'small'],
          outputs: ['y'],
          attributes: new Map([
            ['float', { type: 'float', value: 0.5 }],
            ['int', { type: 'int', value: -3n }],
            ['string', { type: 'string', value: new TextEncoder().encode('text') }],
            ['floats', { type: 'floats', value: [1, -2.25] }],
            ['ints', { type: 'ints', value: [1n, -(2n ** 63n), 2n ** 63n - 1n] }],
            ['strings', { type: 'strings', value: [new Uint8Array([1, 2])] }],
            ['tensor', { type: 'tensor', value: small }],
            ['graph', { type: 'graph', value: emptyGraph() }],
          ]),
        },
      ],
      inputs: [{ name: 'x', type: 'float32', dims: ['batch', 3, undefined] }],
      outputs: [{ name: 'y', type: 'uint4', dims: [] }],
      values: [{ name: 'z', type: 'bool', dims: [0] }],
      initializers: new Map([
        ['small', small],
        ['outside', outside],
      ]),
    },
  };
}

const weights = new Uint8Array(8192);

function read(graph: Uint8Array, more: Record<string, Uint8Array> = {}): Promise<OnnxModel> {
  return readModel(
    memoryModelFiles({ 'model.onnx': graph, 'model.onnx_data': weights, ...more }),
    'model.onnx',
  );
}

/** A model file of hand-written fields inside the graph. */
function fileWith(write: (graph: WireWriter) => void): Uint8Array {
  const writer = new WireWriter();
  writer.int(1, 10);
  writer.message(7, write);
  return writer.bytes().slice();
}

/** A model file with one tensor of hand-written fields. */
function fileWithTensor(write: (tensor: WireWriter) => void): Uint8Array {
  return fileWith((graph) => graph.message(5, write));
}

describe('reading an ONNX file', () => {
  it('gives back what was written', async () => {
    const model = sampleModel();
    expect(await read(writeModel(model))).toEqual(model);
  });

  it('leaves large raw data in the file and knows where it is', async () => {
    const bytes = Uint8Array.from({ length: maxInlineTensorBytes + 4 }, (_, index) => index % 251);
    const model = sampleModel();
    model.graph.initializers = new Map([
      ['w', { name: 'w', type: 'uint8', dims: [bytes.length], data: { kind: 'inline', bytes } }],
    ]);
    const file = writeModel(model);
    const tensor = (await read(file)).graph.initializers.get('w');
    expect(tensor?.data).toMatchObject({ kind: 'range', file: 'model.onnx', length: bytes.length });
    const offset = tensor?.data?.kind === 'range' ? tensor.data.offset : Number.NaN;
    expect(file.slice(offset, offset + bytes.length)).toEqual(bytes);
  });

  it('never asks for the bytes of weights', async () => {
    const model = sampleModel();
    const bytes = new Uint8Array(4 * 1024 * 1024);
    for (const name of ['a', 'b', 'c']) {
      const tensor: OnnxTensor = {
        name,
        type: 'uint8',
        dims: [bytes.length],
        data: { kind: 'inline', bytes },
      };
      model.graph.initializers.set(name, tensor);
    }
    const file = writeModel(model);
    let bytesRead = 0;
    const counting: ByteSource = {
      size: file.length,
      read: async (offset, length) => {
        bytesRead += length;
        return file.slice(offset, offset + length);
      },
    };
    const beside = memoryModelFiles({ 'model.onnx_data': weights });
    await readModel(
      { open: async (name) => (name === 'model.onnx' ? counting : beside.open(name)) },
      'model.onnx',
    );
    expect(bytesRead).toBeLessThan(512 * 1024);
  });

  it('takes an annotation without a shape for no annotation, and one of a scalar for a scalar', async () => {
    const writer = new WireWriter();
    writer.message(7, (graph) => {
      for (const name of ['shapeless', 'scalar']) {
        graph.message(13, (value) => {
          value.text(1, name);
          value.message(2, (type) =>
            type.message(1, (tensor) => {
              tensor.int(1, 1);
              if (name === 'scalar') tensor.message(2, () => undefined);
            }),
          );
        });
      }
    });
    expect((await read(writer.bytes())).graph.values).toEqual([
      { name: 'scalar', type: 'float32', dims: [] },
    ]);
  });

  it('turns numbers in fields of their own type into raw bytes', async () => {
    const int32 = fileWithTensor((tensor) => {
      tensor.int(1, 2);
      tensor.int(2, 6);
      tensor.int(5, -1);
      tensor.int(5, 258);
      tensor.text(8, 'w');
    });
    expect((await read(int32)).graph.initializers.get('w')?.data).toEqual({
      kind: 'inline',
      bytes: new Uint8Array([255, 255, 255, 255, 2, 1, 0, 0]),
    });
    const halfs = fileWithTensor((tensor) => {
      tensor.data(1, new Uint8Array([2]));
      tensor.int(2, 10);
      tensor.data(5, new Uint8Array([0x80, 0x78, 0x01]));
      tensor.text(8, 'w');
    });
    expect((await read(halfs)).graph.initializers.get('w')?.data).toEqual({
      kind: 'inline',
      bytes: new Uint8Array([0, 0x3c, 1, 0]),
    });
  });

  it('reads external data whose length is left out', async () => {
    const file = fileWithTensor((tensor) => {
      tensor.int(1, 2048);
      tensor.int(2, 3);
      tensor.text(8, 'w');
      tensor.int(14, 1);
      tensor.message(13, (entry) => {
        entry.text(1, 'location');
        entry.text(2, 'model.onnx_data');
      });
    });
    const { data } = (await read(file)).graph.initializers.get('w') ?? {};
    expect(data).toEqual({ kind: 'range', file: 'model.onnx_data', offset: 0, length: 2048 });
  });

  it.each([
    ['../secret', ModelFileError],
    ['/etc/passwd', ModelFileError],
    ['a\\b', ModelFileError],
    ['C:evil', ModelFileError],
    ['a//b', ModelFileError],
    ['missing', ModelFileError],
    ['short', OnnxFormatError],
  ])('refuses external data in %s', async (file, error) => {
    const model = sampleModel();
    const outside = model.graph.initializers.get('outside');
    if (outside) outside.data = { kind: 'range', file, offset: 0, length: 4096 };
    await expect(read(writeModel(model), { short: new Uint8Array(100) })).rejects.toThrow(error);
  });

  it('refuses a tensor whose bytes are not those of its shape', async () => {
    const model = sampleModel();
    const outside = model.graph.initializers.get('outside');
    if (outside) outside.dims = [64, 31];
    await expect(read(writeModel(model))).rejects.toThrow(
      /float16\[64,31\] takes 3968 bytes, the file declares 4096/,
    );
  });

  it('refuses shapes whose product is beyond all bounds', async () => {
    const file = fileWithTensor((tensor) => {
      for (let axis = 0; axis < 8; axis++) tensor.int(1, 2 ** 40);
      tensor.int(2, 1);
      tensor.text(8, 'w');
    });
    await expect(read(file)).rejects.toThrow(OnnxFormatError);
  });

  it('refuses strings, unknown element types and functions by name', async () => {
    const strings = fileWithTensor((tensor) => {
      tensor.text(8, 'words');
      tensor.text(6, 'a');
    });
    await expect(read(strings)).rejects.toThrow(/strings \(words\)/);
    const bfloat = fileWithTensor((tensor) => {
      tensor.text(8, 'brain');
      tensor.int(2, 16);
    });
    await expect(read(bfloat)).rejects.toThrow(/numbers in bfloat16 \(brain\)/);
    const functions = new WireWriter();
    functions.message(25, () => undefined);
    await expect(read(functions.bytes().slice())).rejects.toThrow(UnsupportedModelError);
  });

  it('refuses subgraphs nested without end', async () => {
    const nest = (graph: WireWriter, depth: number): void => {
      if (depth > 0)
        graph.message(1, (node) => node.message(5, (at) => at.message(6, (g) => nest(g, depth - 1))));
    };
    await expect(read(fileWith((graph) => nest(graph, 40)))).rejects.toThrow(/nested deeper/);
  });

  it('refuses more nodes than any model has, without holding them', async () => {
    const nodes = new Uint8Array(2 * 300_000).map((_, index) => (index % 2 === 0 ? 10 : 0));
    await expect(read(fileWith((graph) => graph.raw(nodes)))).rejects.toThrow(/more than 200000 nodes/);
  });

  it('refuses a file without a graph, and one that is not there', async () => {
    await expect(read(new Uint8Array(0))).rejects.toThrow(/no graph/);
    await expect(readModel(memoryModelFiles({}), 'model.onnx')).rejects.toThrow(ModelFileError);
  });

  it('writes no tensor whose bytes are still to be computed', () => {
    const tensor: OnnxTensor = {
      name: 'w',
      type: 'uint8',
      dims: [1],
      data: { kind: 'computed', length: 1, compute: async () => new Uint8Array(1) },
    };
    expect(() => writeTensor(new WireWriter(), tensor)).toThrow(TypeError);
  });
});

describe('a damaged file', () => {
  const whole = writeModel(sampleModel());

  /** Reading ends, with a model or with an error of ours. */
  async function endsWell(file: Uint8Array): Promise<void> {
    try {
      await read(file);
    } catch (error) {
      const isOurs = [OnnxFormatError, UnsupportedModelError, ModelFileError].some(
        (kind) => error instanceof kind,
      );
      if (!isOurs) throw error;
    }
  }

  it('that is cut short ends in an error that says so', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
        await endsWell(whole.slice(0, length));
      }),
      { numRuns: 500 },
    );
  });

  it('with any bytes changed ends in a model or a typed error', async () => {
    const change = fc.record({
      position: fc.integer({ min: 0, max: whole.length - 1 }),
      value: fc.integer({ min: 0, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const damaged = whole.slice();
        for (const { position, value } of changes) damaged[position] = value;
        await endsWell(damaged);
      }),
      { numRuns: 2000 },
    );
  });

  it('of random bytes ends in a typed error', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), endsWell), { numRuns: 2000 });
  });
});
