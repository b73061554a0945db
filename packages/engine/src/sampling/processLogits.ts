/** Logit biases and penalties: what changes logits before temperature, in place and for every kind of sampling. */
import type { SamplingDescription } from '@potluck/protocol';
import type { TokenHistory } from './tokenHistory.ts';

/** True where `processLogits` needs to know the tokens so far. */
export function needsHistory(sampling: SamplingDescription): boolean {
  return (
    sampling.repetitionPenalty !== 1 || sampling.frequencyPenalty !== 0 || sampling.presencePenalty !== 0
  );
}

/**
 * Changes `logits` [vocabulary] in place, in vLLM's order (class `Sampler` in vllm/v1/sample/sampler.py): bias,
 * repetition penalty, frequency penalty, presence penalty. Token ids beyond the vocabulary are left out.
 */
export function processLogits(
  logits: Float32Array,
  sampling: SamplingDescription,
  history: TokenHistory | undefined,
): void {
  for (const [token, bias] of sampling.logitBias) {
    const logit = logits[token];
    if (logit !== undefined) logits[token] = logit + bias;
  }
  if (history === undefined) return;
  if (sampling.repetitionPenalty !== 1) {
    for (const token of history.distinct) {
      const logit = logits[token];
      if (logit === undefined) continue;
      logits[token] = logit > 0 ? logit / sampling.repetitionPenalty : logit * sampling.repetitionPenalty;
    }
  }
  if (sampling.frequencyPenalty === 0 && sampling.presencePenalty === 0) return;
  for (const [token, times] of history.answerCounts) {
    const logit = logits[token];
    if (logit === undefined) continue;
    logits[token] = logit - sampling.frequencyPenalty * times - sampling.presencePenalty;
  }
}
