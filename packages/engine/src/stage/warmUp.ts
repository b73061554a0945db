/** Runs a stage once before it counts as ready, so that no session waits for kernels to be compiled. */
import { frameElementTypes, type FrameTensor, type StageTensor } from '@potluck/protocol';
import { uuidv4 } from 'uuidv7';
import { elementCount, resolveDims } from '../tensor/dimensions.ts';
import { bytesPerElement, stageElementType } from '../tensor/elements.ts';
import type { Stage } from '../contract/stage.ts';

/** Long enough for the kernels of many rows. */
const promptTokens = 32;

/**
 * One prompt chunk and one decode step of zeros on a cache that is released again; one text at an encoder.
 * @throws as `Stage.open`, `Stage.step` and `Stage.encode` do
 */
export async function warmUp(stage: Stage): Promise<void> {
  const { inputs, boundaryIn, contextLength, encoding } = stage.description;
  if (encoding) {
    await stage.encode({ tokenIds: new Array<number>(Math.min(promptTokens, contextLength)).fill(0) });
    return;
  }
  const cacheId = `warm-up ${uuidv4()}`;
  const prompt = Math.max(1, Math.min(promptTokens, contextLength - 1));
  await stage.open({
    cacheId,
    epoch: 0,
    capacity: Math.min(prompt + 1, contextLength),
    promptLength: prompt,
  });
  try {
    for (const [position, length] of [
      [0, prompt],
      [prompt, 1],
    ] as const) {
      if (position + length > contextLength) continue;
      await stage.step({
        cacheId,
        epoch: 0,
        position,
        length,
        sample: false,
        ...(inputs.some(({ role }) => role === 'token-ids')
          ? { tokenIds: new Array<number>(length).fill(0) }
          : {}),
        boundary: boundaryIn.map((tensor) => zeros(tensor, position, length)),
      });
    }
  } finally {
    await stage.release(cacheId);
  }
}

function zeros(tensor: StageTensor, position: number, length: number): FrameTensor {
  const dims = resolveDims(tensor.dims, position, length);
  const type = frameElementTypes.find((name) => name === tensor.type);
  if (!type) throw new RangeError(`Boundary tensor "${tensor.name}" is of type ${tensor.type}`);
  return { type, dims, bytes: new Uint8Array(elementCount(dims) * bytesPerElement(stageElementType(type))) };
}
