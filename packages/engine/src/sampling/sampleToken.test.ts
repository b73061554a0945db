import { SamplingDescription } from '@potluck/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ComputeError } from '../errors.ts';
import { plainProbabilities, plainProcessedLogits, softmax } from '../testing/plainSampler.ts';
import { keepTokens } from './keptTokens.ts';
import { processLogits } from './processLogits.ts';
import { sampleToken } from './sampleToken.ts';
import { TokenHistory } from './tokenHistory.ts';
import { topTokens } from './topTokens.ts';

type Options = Partial<SamplingDescription>;
const describeSampling = (options: Options): SamplingDescription =>
  SamplingDescription.parse({ seed: 1, ...options });

/** Logits that are exact in single precision, with ties among them. */
const logitsOf = (minLength: number, maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(
    fc.integer({ min: -64, max: 64 }).map((value) => value / 8),
    { minLength, maxLength },
  );

const cuts = fc.record({
  temperature: fc.constantFrom(0.25, 0.5, 1, 2),
  topK: fc.constantFrom(0, 1, 2, 5, 70, 1000),
  // No round numbers: a cut exactly at a sum of probabilities may fall either way by rounding.
  topP: fc.constantFrom(0, 0.1137, 0.5123, 0.9071, 0.9923, 1),
  minP: fc.constantFrom(0, 0.0513, 0.3127, 0.9999),
});

describe('topTokens', () => {
  it('ranks as a stable sort does, whatever the count', () => {
    fc.assert(
      fc.property(logitsOf(1, 200), fc.nat(220), (values, count) => {
        const sorted = [...values.keys()].sort(
          (left, right) => (values[right] ?? 0) - (values[left] ?? 0) || left - right,
        );
        expect([...topTokens(Float32Array.from(values), count)]).toEqual(sorted.slice(0, count));
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});

describe('keepTokens', () => {
  it('keeps the same tokens with the same probabilities as the plain version', () => {
    fc.assert(
      fc.property(logitsOf(1, 300), cuts, (values, options) => {
        const sampling = describeSampling(options);
        const expected = plainProbabilities(values, sampling, [], 0);
        const logits = Float32Array.from(values);
        const kept = keepTokens(logits, Math.max(...values), sampling);
        const found = new Array<number>(values.length).fill(0);
        for (const [index, weight] of kept.weights.entries())
          found[kept.tokens?.[index] ?? index] = weight / kept.sum;
        for (const [token, probability] of expected.entries()) {
          expect(found[token]).toBeCloseTo(probability, 10);
          expect(found[token] === 0).toBe(probability === 0);
        }
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});

describe('processLogits', () => {
  it('applies biases and penalties as the plain version does', () => {
    fc.assert(
      fc.property(
        logitsOf(20, 20),
        fc.array(fc.nat(19), { maxLength: 40 }),
        fc.nat(40),
        fc.record({
          repetitionPenalty: fc.constantFrom(0.5, 1, 2),
          frequencyPenalty: fc.constantFrom(-0.5, 0, 0.25),
          presencePenalty: fc.constantFrom(-1, 0, 1.5),
          logitBias: fc.constantFrom<[number, number][]>(
            [],
            [[3, 2]],
            [
              [0, -100],
              [19, 0.5],
            ],
          ),
        }),
        (values, tokens, promptLength, options) => {
          const sampling = describeSampling(options);
          const logits = Float32Array.from(values);
          processLogits(logits, sampling, new TokenHistory(tokens, promptLength));
          const expected = plainProcessedLogits(values, sampling, tokens, promptLength);
          for (const [token, logit] of expected.entries()) expect(logits[token]).toBeCloseTo(logit, 5);
        },
      ),
      { seed: 4, numRuns: 300 },
    );
  });
});

describe('TokenHistory', () => {
  it('is after truncation as if the tokens cut off had never been', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { maxLength: 30 }),
        fc.nat(30),
        fc.nat(30),
        fc.constantFrom(0, 1, 4, Infinity),
        (tokens, promptLength, length, window) => {
          const history = new TokenHistory(tokens, promptLength, window);
          history.truncate(length);
          const fresh = new TokenHistory(tokens.slice(0, length), promptLength, window);
          expect(history.length).toBe(fresh.length);
          const counted = tokens.slice(Math.max(0, fresh.length - window), fresh.length);
          expect([...history.distinct].sort()).toEqual([...new Set(counted)].sort());
          expect([...history.distinct].sort()).toEqual([...fresh.distinct].sort());
          expect([...history.answerCounts].sort()).toEqual([...fresh.answerCounts].sort());
        },
      ),
      { seed: 5 },
    );
  });
});

describe('sampleToken', () => {
  it('takes the likeliest token, the lower id among equals, when greedy', () => {
    const logits = Float32Array.of(-Infinity, 2, 7, 7, 1);
    expect(sampleToken(logits, describeSampling({ temperature: 0 }), undefined, 9)).toEqual({ token: 2 });
  });

  it('draws with the probabilities of the plain version', () => {
    const values = [2, 1.5, 1.5, 0, -1, 3, 0.5, -2];
    const sampling = describeSampling({ temperature: 1.3, topP: 0.97, minP: 0.02, topK: 7, seed: 99 });
    const expected = plainProbabilities(values, sampling, [], 0);
    const draws = 20_000;
    const seen = new Array<number>(values.length).fill(0);
    for (let position = 0; position < draws; position++) {
      const { token } = sampleToken(Float32Array.from(values), sampling, undefined, position);
      seen[token] = (seen[token] ?? 0) + 1;
    }
    let chiSquare = 0;
    for (const [token, probability] of expected.entries()) {
      if (probability === 0) expect(seen[token]).toBe(0);
      else chiSquare += ((seen[token] ?? 0) - draws * probability) ** 2 / (draws * probability);
    }
    // 99.9 % quantile of chi-square with 7 degrees of freedom, the most that there can be.
    expect(chiSquare).toBeLessThan(24.3);
  });

  it('draws the same token on a replay and others by seed, choice and position', () => {
    const values = Array.from({ length: 1000 }, (_, token) => Math.sin(token));
    const draw = (options: Options, position: number): number =>
      sampleToken(Float32Array.from(values), describeSampling(options), undefined, position).token;
    expect(draw({ seed: 5 }, 17)).toBe(draw({ seed: 5 }, 17));
    const drawn = [
      draw({ seed: 5 }, 17),
      draw({ seed: 6 }, 17),
      draw({ seed: 5, choiceIndex: 1 }, 17),
      draw({ seed: 5 }, 18),
    ];
    expect(new Set(drawn).size).toBe(4);
  });

  it('reports log probabilities after penalties and before temperature', () => {
    const values = [1, 2, 3, 4];
    const sampling = describeSampling({ temperature: 0, topLogprobs: 2, logitBias: [[0, 5]] });
    const sampled = sampleToken(Float32Array.from(values), sampling, undefined, 0);
    const logprobs = softmax([6, 2, 3, 4]).map(Math.log);
    expect(sampled.token).toBe(0);
    expect(sampled.logprob).toBeCloseTo(logprobs[0] ?? NaN, 6);
    expect(sampled.topLogprobs?.map(({ token }) => token)).toEqual([0, 3]);
    expect(sampled.topLogprobs?.[1]?.logprob).toBeCloseTo(logprobs[3] ?? NaN, 6);
  });

  it('reports the log probability alone when no alternatives are asked for', () => {
    const sampled = sampleToken(Float32Array.of(1, 2), describeSampling({ topLogprobs: 0 }), undefined, 0);
    expect(sampled.topLogprobs).toEqual([]);
    expect(sampled.logprob).toBeLessThan(0);
  });

  it.each([
    ['NaN', [1, NaN, 2]],
    ['infinity', [1, Infinity, 2]],
    ['nothing to draw', [-Infinity, -Infinity]],
  ])('refuses logits with %s', (_, values) => {
    expect(() => sampleToken(Float32Array.from(values), describeSampling({}), undefined, 0)).toThrow(
      ComputeError,
    );
  });

  it('takes few milliseconds for a vocabulary of 150,000 tokens', () => {
    const values = Float32Array.from({ length: 150_000 }, (_, token) => 8 * Math.sin(token * 1.7) ** 3);
    const sampling = describeSampling({ topP: 0.95, topK: 50, temperature: 0.8 });
    for (let run = 0; run < 20; run++) sampleToken(values.slice(), sampling, undefined, run);
    const copies = Array.from({ length: 10 }, () => values.slice());
    const started = performance.now();
    for (const [run, copy] of copies.entries()) sampleToken(copy, sampling, undefined, run);
    // About 1 ms on two cores of 2026; the limit only tells a full sort (some 60 ms) apart.
    expect((performance.now() - started) / copies.length).toBeLessThan(20);
  });
});

it('two tokens that are lifted alike come first, and lie as far apart as before', () => {
  const logits = Float32Array.from({ length: 1000 }, (_, token) => 8 * Math.sin(token * 1.7) ** 3);
  const [one, other] = [17, 400];
  const apart = (logits[one] ?? 0) - (logits[other] ?? 0);
  const sampling = describeSampling({
    temperature: 0,
    topLogprobs: 2,
    logitBias: [one, other].map((token) => [token, 100]),
  });
  const { topLogprobs = [] } = sampleToken(logits.slice(), sampling, undefined, 1);
  const logprob = (token: number): number => topLogprobs.find((top) => top.token === token)?.logprob ?? NaN;
  expect(logprob(one) - logprob(other)).toBeCloseTo(apart, 4);
});

it('a token that is ruled out has a log probability that JSON can carry', () => {
  const sampling = SamplingDescription.parse({ temperature: 0, seed: 1, topLogprobs: 2 });
  const { topLogprobs } = sampleToken(Float32Array.of(0, -Infinity), sampling, undefined, 1);
  expect(topLogprobs).toEqual([
    { token: 0, logprob: 0 },
    { token: 1, logprob: -9999 },
  ]);
});
