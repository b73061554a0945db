/** Cuts tensors that lie on the device, where script can't reach their bytes: a graph of one Slice copies what stays. */
import { writeModel } from '@potluck/onnx';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { OrtModule } from '../ortModule.ts';
import type { StageElementType } from '../tensor/elements.ts';
import { int64Tensor } from '../tensor/makeTensor.ts';

/** As ONNX Runtime 1.30 reads it. */
const opset = 17;
const irVersion = 8;

export class DeviceCutter {
  readonly #ort: OrtModule;
  readonly #executionProviders: readonly InferenceSession.ExecutionProviderConfig[];
  readonly #sessions = new Map<string, Promise<InferenceSession>>();

  constructor(
    ort: OrtModule,
    { executionProviders }: { executionProviders: readonly InferenceSession.ExecutionProviderConfig[] },
  ) {
    this.#ort = ort;
    this.#executionProviders = executionProviders;
  }

  /** @returns a new tensor on the device with the first `length` rows of an axis. Calls no two at once. */
  async cut(tensor: Tensor, axis: number, length: number): Promise<Tensor> {
    const session = await this.#session(tensor.type as StageElementType, tensor.dims.length, axis);
    const end = int64Tensor(this.#ort, [length]);
    const { kept } = await session.run({ past: tensor, end });
    if (!kept) throw new Error('the cut gave no tensor');
    return kept;
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  #session(type: StageElementType, rank: number, axis: number): Promise<InferenceSession> {
    const key = `${type} ${rank} ${axis}`;
    let session = this.#sessions.get(key);
    if (!session) {
      session = this.#ort.InferenceSession.create(cutGraph(type, rank, axis), {
        executionProviders: this.#executionProviders,
        preferredOutputLocation: { kept: 'gpu-buffer' },
      });
      this.#sessions.set(key, session);
    }
    return session;
  }
}

function cutGraph(type: StageElementType, rank: number, axis: number): Uint8Array {
  const dims = Array.from({ length: rank }, (_, index) => `d${index}`);
  const int64 = (name: string, value: number) => ({
    ...{ name, type: 'int64' as const, dims: [1] },
    data: { kind: 'inline' as const, bytes: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer) },
  });
  const constants = [int64('start', 0), int64('axis', axis)];
  return writeModel({
    ...{ irVersion, producer: 'potluck', opsets: new Map([['', opset]]) },
    graph: {
      name: 'cut',
      nodes: [
        {
          ...{ name: 'cut', opType: 'Slice', domain: '', attributes: new Map() },
          ...{ inputs: ['past', 'start', 'end', 'axis'], outputs: ['kept'] },
        },
      ],
      inputs: [
        { name: 'past', type, dims },
        { name: 'end', type: 'int64', dims: [1] },
      ],
      outputs: [{ name: 'kept', type, dims: dims.map((dim, index) => (index === axis ? 'kept' : dim)) }],
      values: [],
      initializers: new Map(constants.map((tensor) => [tensor.name, tensor])),
    },
  });
}
