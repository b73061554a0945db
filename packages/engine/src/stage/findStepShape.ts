/**
 * Finds out, by trying, in which shapes a stage computes the same bits whoever else is in a run: kernels differ between
 * kinds of processors, sizes of blocks and precisions (AVX2 rounds one row in another way than many, AVX-512 does not).
 */
import type { FrameTensor, StageDescription, StageTensor } from '@potluck/protocol';
import { arrayBufferPool } from '../cache/bufferPool.ts';
import { cacheLayout } from '../cache/cacheLayout.ts';
import type { CacheTensor } from '../cache/cacheTensor.ts';
import { RowsTensor } from '../cache/rowsTensor.ts';
import type { StepRequest, StepShape } from '../contract/stage.ts';
import type { OrtModule } from '../ortModule.ts';
import { elementCount, resolveDims } from '../tensor/dimensions.ts';
import { tensorBytes } from '../tensor/elements.ts';
import type { MemberOutputs, RunMember, StageSession } from './stageSession.ts';

/** Rows that runs may have to be filled up to a multiple of, fewest first: each was enough on some kind of processor. */
const granularities = [1, 2, 4];

/** Tokens before the step that is tried. Odd in all, as chunks of prompts may be. */
const before = 6;
/** Tokens of a chunk that begins with the same ones: more than the tiles of kernels have rows. */
const longChunk = 24;

type Run = StageSession['run'];

/**
 * @param mostRows most rows that runs may have to be a multiple of
 * @param runWith how runs are made whose rows are a multiple of the number given
 * @returns undefined where company changes bits in all these shapes
 * @throws ComputeError
 */
export async function findStepShape(
  ort: OrtModule,
  description: StageDescription,
  mostRows: number,
  runWith: (granularity: number) => Run,
): Promise<Omit<StepShape, 'members'> | undefined> {
  if (!canBeTried(description)) return undefined;
  let stepwise: Omit<StepShape, 'members'> | undefined;
  for (const rows of granularities.filter((granularity) => granularity <= mostRows)) {
    const replay = await tryShape(ort, description, runWith(rows));
    if (replay === 'chunks') return { rows, replay };
    if (replay) stepwise ??= { rows, replay };
  }
  return stepwise;
}

/** Whether there can be made-up inputs for it, and a context for them. */
export function canBeTried({ contextLength, boundaryIn }: StageDescription): boolean {
  const isReal = boundaryIn.every(({ type }) => type === 'float32' || type === 'float16');
  return isReal && contextLength >= longChunk;
}

/**
 * Whether steps of one token leave the bits that a chunk leaves, at a stage whose steps run alone.
 * @throws ComputeError
 */
export async function stepsAsChunks(
  ort: OrtModule,
  description: StageDescription,
  run: Run,
): Promise<boolean> {
  if (!canBeTried(description)) return false;
  const trial = new Trial(ort, description, run);
  const [steps, whole, long] = [trial.newCache(), trial.newCache(), trial.newCache()];
  await trial.step(steps, 0, before - 1);
  let last: MemberOutputs | undefined;
  // Of all places that a kernel which takes four values at once tells apart.
  const end = before + 3;
  for (let position = before - 1; position < end; position++) last = await trial.step(steps, position, 1);
  const ofWhole = await trial.step(whole, 0, end);
  if (!trial.sameRows(steps, whole, end) || !sameLastRow(last, ofWhole)) return false;
  await trial.step(long, 0, longChunk);
  return trial.sameRows(steps, long, end);
}

/** @returns what a cache can be computed again from; undefined where company changes bits */
async function tryShape(
  ort: OrtModule,
  description: StageDescription,
  run: Run,
): Promise<StepShape['replay'] | undefined> {
  const trial = new Trial(ort, description, run);
  const session = trial.newCache();
  await trial.step(session, 0, before);
  const others = [3, before - 1].map((length) => ({
    cache: session.map((tensor) => tensor.fork(before, length, longChunk)),
    length,
  }));
  const joined = session.map((tensor) => tensor.fork(before, before, longChunk));
  const alone = await trial.step(session, before, 1);
  const [, , together] = await trial.run([
    ...others.map(({ cache, length }) => trial.member(cache, length, 1)),
    trial.member(joined, before, 1),
  ]);
  if (!sameOutputs(alone, together) || !trial.sameRows(session, joined, before + 1)) return undefined;
  const whole = trial.newCache();
  const ofWhole = await trial.step(whole, 0, before + 1);
  if (!trial.sameRows(session, whole, before + 1) || !sameLastRow(alone, ofWhole)) return 'steps';
  const long = trial.newCache();
  await trial.step(long, 0, longChunk);
  return trial.sameRows(session, long, before + 1) ? 'chunks' : 'steps';
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
function sameLastRow(step: MemberOutputs | undefined, chunk: MemberOutputs | undefined): boolean {
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
