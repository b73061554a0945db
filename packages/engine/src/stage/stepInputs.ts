/** The inputs of one step that are not caches: derived from position and length, or taken from the boundary. */
import { scoredStepTokens, type StageDescription, type StageInput } from '@potluck/protocol';
import type { Tensor } from 'onnxruntime-common';
import { BadStepError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { resolveDims } from '../tensor/dimensions.ts';
import { stageElementType } from '../tensor/elements.ts';
import { makeTensor } from '../tensor/makeTensor.ts';
import type { StepRequest } from '../contract/stage.ts';

type IntegerArray = BigInt64Array | Int32Array;

/** Makes feeds; tables of ones and of positions are made once, and views of them fed. */
export class StepInputs {
  readonly #ort: OrtModule;
  readonly #description: StageDescription;
  readonly #tables = new Map<StageInput, IntegerArray>();

  constructor(ort: OrtModule, description: StageDescription) {
    this.#ort = ort;
    this.#description = description;
    for (const input of description.inputs) {
      if (input.role === 'token-ids') continue;
      const value = input.role === 'attention-mask' ? () => 1 : (index: number) => index;
      this.#tables.set(input, integers(input, description.contextLength, value));
    }
  }

  /** @throws BadStepError if the request is not one for this stage */
  feeds(request: StepRequest): Record<string, Tensor> {
    const { position, length } = request;
    const feeds: Record<string, Tensor> = {};
    for (const input of this.#description.inputs) {
      const dims = resolveDims(input.dims, position, length);
      feeds[input.name] = new this.#ort.Tensor(input.type, this.#values(input, request), dims);
    }
    for (const [index, expected] of this.#description.boundaryIn.entries()) {
      // checkStep has seen to it that there is one.
      const tensor = request.boundary?.[index];
      if (!tensor) throw new BadStepError(`No boundary tensor for "${expected.name}"`);
      const type = stageElementType(expected.type);
      feeds[expected.name] = makeTensor(this.#ort, type, tensor.bytes, tensor.dims);
    }
    return feeds;
  }

  #values(input: StageInput, { position, length, tokenIds }: StepRequest): IntegerArray {
    const table = this.#tables.get(input);
    if (input.role === 'attention-mask' && table) return table.subarray(0, position + length);
    if (input.role === 'position-ids' && table) return table.subarray(position, position + length);
    return integers(input, length, (index) => tokenIds?.[index] ?? 0);
  }
}

/**
 * Checks what does not depend on a cache's state.
 * @throws BadStepError
 */
export function checkStep(description: StageDescription, request: StepRequest): void {
  const { position, length, tokenIds, boundary = [] } = request;
  if (description.encoding) throw new BadStepError(`${description.model} is an encoder, which has no steps`);
  if (!Number.isSafeInteger(position) || position < 0 || !Number.isSafeInteger(length) || length < 1) {
    throw new BadStepError(`A step of ${length} tokens at ${position}`);
  }
  if (description.inputs.some(({ role }) => role === 'token-ids')) {
    if (tokenIds?.length !== length) {
      throw new BadStepError(`A step of ${length} tokens with ${tokenIds?.length ?? 'no'} token ids`);
    }
    checkTokenIds(description, tokenIds);
  }
  if (boundary.length !== description.boundaryIn.length) {
    throw new BadStepError(`${boundary.length} boundary tensors, expected ${description.boundaryIn.length}`);
  }
  for (const [index, expected] of description.boundaryIn.entries()) {
    const tensor = boundary[index];
    const dims = resolveDims(expected.dims, position, length);
    if (tensor?.type !== expected.type || String(tensor.dims) !== String(dims)) {
      throw new BadStepError(
        `Boundary tensor ${index} is ${tensor?.type ?? 'absent'} [${String(tensor?.dims)}], ` +
          `expected ${expected.type} [${String(dims)}]`,
      );
    }
  }
}

/**
 * Checks that the tokens which a step is to score can be scored.
 * @throws BadStepError
 */
export function checkScore(description: StageDescription, { length, score }: StepRequest): void {
  if (!score) return;
  const { tokens } = score;
  const most = scoredStepTokens(description.vocabularySize);
  if (!description.logits || length > most || tokens.length < 1 || tokens.length > length) {
    throw new BadStepError(`A step of ${length} tokens that scores ${tokens.length}; at most ${most} can be`);
  }
  checkTokenIds(description, tokens);
}

/** @throws BadStepError for an id that the vocabulary lacks */
export function checkTokenIds(
  { vocabularySize }: Pick<StageDescription, 'vocabularySize'>,
  tokenIds: readonly number[],
): void {
  const unknown = tokenIds.find(
    (token) => !Number.isSafeInteger(token) || token < 0 || token >= vocabularySize,
  );
  if (unknown === undefined) return;
  throw new BadStepError(`Token id ${unknown} in a vocabulary of ${vocabularySize}`);
}

/** An input's values in its own integer type. @throws BadStepError */
export function integers(input: StageInput, length: number, value: (index: number) => number): IntegerArray {
  if (input.type === 'int64') return BigInt64Array.from({ length }, (_, index) => BigInt(value(index)));
  if (input.type === 'int32') return Int32Array.from({ length }, (_, index) => value(index));
  throw new BadStepError(`Input "${input.name}" is ${input.type}, expected int64 or int32`);
}
