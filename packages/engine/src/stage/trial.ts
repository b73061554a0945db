/** Runs of a stage on made-up inputs, and whether they gave the same bits. */
import type { FrameTensor, StageDescription, StageTensor } from '@potluck/protocol';
import { arrayBufferPool } from '../cache/bufferPool.ts';
import { cacheLayout } from '../cache/cacheLayout.ts';
import type { CacheTensor } from '../cache/cacheTensor.ts';
import { RowsTensor } from '../cache/rowsTensor.ts';
import type { StepRequest } from '../contract/stage.ts';
import type { OrtModule } from '../ortModule.ts';
import { elementCount, resolveDims } from '../tensor/dimensions.ts';
import { tensorBytes } from '../tensor/elements.ts';
import type { MemberOutputs, RunMember, StageSession } from './stageSession.ts';

/** Tokens of a chunk that begins with the same ones: more than the tiles of kernels have rows. */
export const longChunk = 24;

export type Run = StageSession['run'];

/** Whether there can be made-up inputs for it, and a context for them. */
export function canBeTried({ contextLength, boundaryIn }: StageDescription): boolean {
  const isReal = boundaryIn.every(({ type }) => type === 'float32' || type === 'float16');
  return isReal && contextLength >= longChunk;
}

/** Runs on made-up inputs: the same for the same position. */
export class Trial {
  readonly #ort: OrtModule;
  readonly #description: StageDescription;
  readonly run: Run;

  constructor(ort: OrtModule, description: StageDescription, run: Run) {
    this.#ort = ort;
    this.#description = description;
    this.run = run;
  }

  newCache(): RowsTensor[] {
    const pool = arrayBufferPool(0);
    return this.#description.caches.map(
      (cache) => new RowsTensor(this.#ort, cacheLayout(cache), pool, longChunk),
    );
  }

  member(tensors: readonly CacheTensor[], position: number, length: number): RunMember {
    const { boundaryIn, inputs, logits } = this.#description;
    const request: StepRequest = {
      cacheId: 'trial',
      epoch: 0,
      position,
      length,
      sample: false,
      ...(inputs.some(({ role }) => role === 'token-ids') && {
        tokenIds: Array.from({ length }, (_, row) => this.#token(position + row)),
      }),
      boundary: boundaryIn.map((tensor) => madeUp(tensor, position, length)),
    };
    return { tensors, request, logitRows: logits === undefined ? 0 : 1 };
  }

  async step(
    tensors: readonly CacheTensor[],
    position: number,
    length: number,
  ): Promise<MemberOutputs | undefined> {
    return (await this.run([this.member(tensors, position, length)]))[0];
  }

  /** Whether the first `rows` tokens left the same bits in two caches. */
  sameRows(left: readonly RowsTensor[], right: readonly RowsTensor[], rows: number): boolean {
    return left.every((tensor, index) => {
      const [one, other] = [tensor, right[index]].map((cache) =>
        // A fresh copy has nothing behind the rows that count.
        tensorBytes((cache as RowsTensor).fork(rows, rows, longChunk).past()),
      );
      return sameBytes(one, other);
    });
  }

  #token(position: number): number {
    return Math.floor(((position + 1) * 7919) % this.#description.vocabularySize);
  }
}

/** Values of size 0.5 to 2 that differ from place to place, made bit by bit. */
function madeUp(tensor: StageTensor, position: number, length: number): FrameTensor {
  const type = tensor.type === 'float16' ? 'float16' : 'float32';
  const dims = resolveDims(tensor.dims, position, length);
  const count = elementCount(dims);
  const first = position * (count / length);
  const bits = (place: number): number => Math.imul(first + place + 1, 2654435761) >>> 0;
  const values =
    type === 'float16'
      ? Uint16Array.from({ length: count }, (_, place) => {
          const drawn = bits(place);
          return ((drawn >>> 31) << 15) | (0x3800 + ((drawn >>> 8) & 0x7ff));
        })
      : Uint32Array.from({ length: count }, (_, place) => {
          const drawn = bits(place);
          return ((drawn & 0x8000_0000) | (0x3f00_0000 + (drawn & 0xff_ffff))) >>> 0;
        });
  return { type, dims, bytes: new Uint8Array(values.buffer) };
}

/** Whether two steps gave the same bits. */
export function sameOutputs(left: MemberOutputs | undefined, right: MemberOutputs | undefined): boolean {
  return sameBytes(left?.logits?.[0], right?.logits?.[0]) && sameBoundary(left, right, ({ bytes }) => bytes);
}

/** Whether a step of one row gave what a longer one gave for its last row. */
export function sameLastRow(step: MemberOutputs | undefined, chunk: MemberOutputs | undefined): boolean {
  const lastRow = ({ bytes, dims }: FrameTensor): Uint8Array =>
    bytes.subarray(-bytes.byteLength / (dims[1] ?? 1));
  return sameBytes(step?.logits?.[0], chunk?.logits?.[0]) && sameBoundary(step, chunk, lastRow);
}

function sameBoundary(
  left: MemberOutputs | undefined,
  right: MemberOutputs | undefined,
  rowsOf: (tensor: FrameTensor) => Uint8Array,
): boolean {
  return (left?.boundary ?? []).every((tensor, index) => {
    const other = right?.boundary?.[index];
    return sameBytes(rowsOf(tensor), other && rowsOf(other));
  });
}

function sameBytes(left: ArrayBufferView | undefined, right: ArrayBufferView | undefined): boolean {
  if (!left || !right) return left === right;
  const [one, other] = [left, right].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  ) as [Uint8Array, Uint8Array];
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
