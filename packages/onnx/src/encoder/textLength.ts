/** How long texts may be, so that what an encoder computes with them stays within the memory that is counted for it. */
import { workingMemoryBytes } from '@potluck/protocol';

const bytesPerElement = 4;
/** Scores of attention before and after softmax. */
const scoreCopies = 2;
/** Tensors as wide as the hidden state that are alive at once; see `promptChunks.ts` of placement. */
const liveWidths = 18;
/** Where config.json does not say. */
const usualHeads = 16;
const usualWidth = 1024;

export interface EncoderShape {
  heads: number | undefined;
  hiddenSize: number | undefined;
}

/** What a text takes while it is computed, in bytes: attention that is no fused operator writes a score for each pair of tokens. */
export function encoderActivationBytes({ heads, hiddenSize }: EncoderShape, tokens: number): number {
  const scores = scoreCopies * (heads ?? usualHeads) * tokens * tokens;
  return bytesPerElement * (scores + liveWidths * (hiddenSize ?? usualWidth) * tokens);
}

/** The longest text whose activations fit into the working memory beside so many bytes of weights, in tokens; at least 256. */
export function longestText(shape: EncoderShape, weightBytes: number, most: number): number {
  const room = workingMemoryBytes(weightBytes);
  if (encoderActivationBytes(shape, most) <= room) return most;
  // a·n² + b·n = room
  const a = bytesPerElement * scoreCopies * (shape.heads ?? usualHeads);
  const b = bytesPerElement * liveWidths * (shape.hiddenSize ?? usualWidth);
  const tokens = Math.floor((Math.sqrt(b * b + 4 * a * room) - b) / (2 * a));
  return Math.min(most, Math.max(256, tokens));
}
