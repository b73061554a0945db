/**
 * In how long chunks a pipeline runs prompts: what its devices and their memory allow, and what is fastest of that. The
 * same chunk gives the same tokens for a seed on the same devices. Stages that are loaded anew measure anew, and the chunk
 * may be another one then. On processors most kernels give the same bits for chunks of two or more rows; on GPUs that
 * was not measured, so an answer may differ in its wording there.
 */
import type { ModelPackage, PromptStep } from '@potluck/protocol';

/**
 * The chunk of every pipeline that nothing longer was measured for. On processors, chunks of 64 to 512 tokens cost the same a
 * token.
 */
export const leastChunkTokens = 256;
/** On a GPU, 2,048 tokens halved the time to the first token of a prompt of 1,498 (362M parameters, NVIDIA H200). */
export const longestChunkTokens = 2048;
/**
 * A stage takes no longer over a chunk than this, in milliseconds: answers that run meanwhile wait for the chunk that has
 * begun. Bounded by the devices' measure, and not by whether other answers run, so that an answer's chunks do not depend
 * on its company.
 */
const longestChunkMs = 250;
/** A shorter chunk is taken where it is nearly as fast: times of single runs differ by some percent. */
const nearlyAsFast = 1.05;
/**
 * Tensors as wide as the hidden state that are alive at once within a layer, in 32 bits, counted by hand in a Llama layer:
 * residual, normed, query, key, value and attended (6), and three of the MLP's, each up to 4 times as wide (12).
 * Attention scores are not among them: the fused operators make none, and stages with others keep to the least chunk (see `assignmentsOf`).
 */
const liveWidths = 18;
const bytesPerElement = 4;
/** @returns chunk lengths to choose from, in tokens, shortest first: the longest, halved until the least is reached */
export function chunkLengths(longest: number): number[] {
  const lengths: number[] = [];
  for (let tokens = longest; tokens > leastChunkTokens; tokens = Math.floor(tokens / 2))
    lengths.unshift(tokens);
  return [leastChunkTokens, ...lengths];
}

/**
 * Memory for the activations of a chunk, in bytes, beyond what the working memory of every stage counts: 0 for the
 * least chunk. Infinity where the package does not tell how wide the hidden state is (a model of one layer).
 */
export function activationBytes({ layers }: Pick<ModelPackage, 'layers'>, chunkTokens: number): number {
  if (chunkTokens <= leastChunkTokens) return 0;
  const widths = (layers[1]?.boundary ?? []).map(({ dims }) => dims.at(-1));
  const width = Math.max(0, ...widths.filter((dim) => typeof dim === 'number'));
  return width === 0 ? Infinity : chunkTokens * liveWidths * width * bytesPerElement;
}

/**
 * The longest chunk whose activations have room; halved where there is too little.
 * @param roomBytes what they may take, at the stage that has least
 */
export function chunkWithRoom(
  model: Pick<ModelPackage, 'layers' | 'contextLength'>,
  roomBytes: number,
): number {
  const lengths = chunkLengths(Math.min(longestChunkTokens, model.contextLength));
  return lengths.findLast((tokens) => activationBytes(model, tokens) <= roomBytes) ?? leastChunkTokens;
}

/** What is known of a stage. */
export interface MeasuredStage {
  /** The longest chunk that memory was counted for, in tokens. */
  mostChunkTokens: number;
  /** How long chunks took when the stage was loaded; missing or empty where that was not measured. */
  promptSteps?: readonly PromptStep[];
}

/**
 * The chunk that brings the first token soonest, by what the stages measured: each chunk passes all stages, and the slowest
 * stage sets the pace of those that follow. Depends on the pipeline alone.
 * @param stages all of a pipeline
 */
export function chunkTokensOf(stages: readonly MeasuredStage[]): number {
  const most = Math.min(...stages.map(({ mostChunkTokens }) => mostChunkTokens));
  const choices = chunkLengths(most).flatMap((tokens) => {
    const times = stages.map(
      ({ promptSteps = [] }) => promptSteps.find((step) => step.tokens === tokens)?.milliseconds,
    );
    return times.every((time) => time !== undefined) ? [{ tokens, times }] : [];
  });
  const allowed = choices.filter(
    ({ tokens, times }) => tokens === leastChunkTokens || Math.max(...times) <= longestChunkMs,
  );
  const promptTokens = allowed.at(-1)?.tokens ?? leastChunkTokens;
  const timed = allowed.map(({ tokens, times }) => {
    const following = promptTokens / tokens - 1;
    const sum = times.reduce((total, time) => total + time, 0);
    return { tokens, milliseconds: sum + following * Math.max(...times) };
  });
  const fastest = Math.min(...timed.map(({ milliseconds }) => milliseconds));
  const chosen = timed.find(({ milliseconds }) => milliseconds <= nearlyAsFast * fastest);
  return chosen?.tokens ?? leastChunkTokens;
}
