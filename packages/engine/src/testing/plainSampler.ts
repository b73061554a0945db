/** Sampling written as the definitions read, sorting everything: what the fast version is tested against. */
import type { SamplingDescription } from '@potluck/protocol';

/** @returns the probability of every token of the vocabulary; `logits` stays as it is */
export function plainProbabilities(
  logits: readonly number[],
  sampling: SamplingDescription,
  tokens: readonly number[],
  promptLength: number,
): number[] {
  const scaled = plainProcessedLogits(logits, sampling, tokens, promptLength).map(
    (logit) => logit / sampling.temperature,
  );
  let probabilities = softmax(scaled);
  const largest = Math.max(...probabilities);
  probabilities = normalize(probabilities.map((value) => (value >= sampling.minP * largest ? value : 0)));
  const ranked = (): number[] =>
    [...probabilities.keys()].sort((left, right) => at(scaled, right) - at(scaled, left) || left - right);
  if (sampling.topK > 0) {
    const kept = new Set(ranked().slice(0, sampling.topK));
    probabilities = normalize(probabilities.map((value, token) => (kept.has(token) ? value : 0)));
  }
  if (sampling.topP < 1) {
    const kept = new Set<number>();
    let reached = 0;
    for (const token of ranked()) {
      kept.add(token);
      reached += at(probabilities, token);
      if (reached >= sampling.topP) break;
    }
    probabilities = normalize(probabilities.map((value, token) => (kept.has(token) ? value : 0)));
  }
  return probabilities;
}

/** @returns logits after bias and penalties */
export function plainProcessedLogits(
  logits: readonly number[],
  sampling: SamplingDescription,
  tokens: readonly number[],
  promptLength: number,
): number[] {
  const answer = tokens.slice(promptLength);
  return logits.map((raw, token) => {
    let logit = raw;
    for (const [id, bias] of sampling.logitBias) if (id === token) logit += bias;
    if (tokens.includes(token)) {
      logit = logit > 0 ? logit / sampling.repetitionPenalty : logit * sampling.repetitionPenalty;
    }
    logit -= sampling.frequencyPenalty * answer.filter((id) => id === token).length;
    logit -= answer.includes(token) ? sampling.presencePenalty : 0;
    return logit;
  });
}

export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  return normalize(logits.map((logit) => Math.exp(logit - largest)));
}

function normalize(values: readonly number[]): number[] {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`No value at ${index} of ${values.length}`);
  return value;
}
