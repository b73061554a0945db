/** Texts through an encoder, one a run: what stands beside a text in a batch changes bits, and padding costs time. */
import type { StageDescription, StageTensor } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { EncodeRequest } from '../contract/stage.ts';
import { BadStepError, ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { compute } from './compute.ts';
import type { StageSession } from './stageSession.ts';
import { checkTokenIds, integers } from './stepInputs.ts';
import { output } from './stepOutputs.ts';

export interface EncoderSessionParts extends Pick<StageDescription, 'inputs'> {
  ort: OrtModule;
  /** What comes out for a text. */
  encoding: StageTensor;
  session: InferenceSession;
}

export function encoderSession({
  ort,
  inputs,
  encoding,
  session,
}: EncoderSessionParts): Required<Pick<StageSession, 'encode'>> {
  function feedsOf({ tokenIds, tokenTypes }: EncodeRequest): Record<string, Tensor> {
    const { length } = tokenIds;
    const values = {
      'token-ids': (index: number) => tokenIds[index] ?? 0,
      'attention-mask': () => 1,
      'position-ids': (index: number) => index,
      'token-types': (index: number) => tokenTypes?.[index] ?? 0,
    };
    return Object.fromEntries(
      inputs.map((input) => [
        input.name,
        new ort.Tensor(input.type, integers(input, length, values[input.role]), [1, length]),
      ]),
    );
  }

  return {
    async encode(request) {
      const outputs = await compute(
        `ONNX Runtime failed in a text of ${request.tokenIds.length} tokens`,
        () => session.run(feedsOf(request), [encoding.name]),
      );
      const { data } = output(outputs, encoding.name);
      const size = encoding.dims.at(-1);
      if (!(data instanceof Float32Array) || data.length !== size) {
        throw new ComputeError(
          `The encoder gave ${data.length} numbers, expected ${String(size)} in 32 bits`,
        );
      }
      if (!data.every((value) => Number.isFinite(value))) {
        throw new ComputeError('The encoder gave numbers that are none');
      }
      return data.slice();
    },
  };
}

/**
 * Checks a text against what the encoder takes.
 * @throws BadStepError
 */
export function checkText(description: StageDescription, { tokenIds, tokenTypes }: EncodeRequest): void {
  const { contextLength, model } = description;
  if (tokenIds.length < 1 || tokenIds.length > contextLength) {
    throw new BadStepError(`A text of ${tokenIds.length} tokens, and ${model} takes 1 to ${contextLength}`);
  }
  checkTokenIds(description, tokenIds);
  if (tokenTypes && tokenTypes.length !== tokenIds.length) {
    throw new BadStepError(`${tokenTypes.length} token types for ${tokenIds.length} tokens`);
  }
}
