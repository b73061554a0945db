/** How fast a pipeline will be, and how sure that is. */
import { z } from 'zod';
import { Bytes, Count } from './common.ts';

/**
 * Where a number comes from: `measured` here, with this model or over this link; `scaled` from what the node did with another
 * model; `estimated` from what devices or links of its kind usually do.
 */
export const Basis = z.enum(['measured', 'scaled', 'estimated']);
export type Basis = z.infer<typeof Basis>;

const Milliseconds = z.number().nonnegative();
const Explanation = z.string().meta({ description: 'Where the number comes from, for people' });

/** What was predicted for one answer that has its pipeline for itself. */
export const PredictedAnswer = z
  .object({
    /** Decode speed: tokens after the first. */
    tokensPerSecond: z.number().nonnegative(),
    /** From arrival to the first token. */
    firstTokenMs: Milliseconds,
  })
  .meta({ id: 'PredictedAnswer' });
export type PredictedAnswer = z.infer<typeof PredictedAnswer>;

/** One stage's part of a token's time. */
export const PredictedStage = z
  .object({
    nodeId: z.string(),
    nodeName: z.string(),
    firstLayer: Count,
    lastLayer: Count,
    milliseconds: Milliseconds,
    basis: Basis,
    explanation: Explanation,
  })
  .meta({ id: 'PredictedStage' });
export type PredictedStage = z.infer<typeof PredictedStage>;

/** The way from one node to the next, or of the token back to the first. */
export const PredictedHop = z
  .object({
    fromNodeId: z.string(),
    toNodeId: z.string(),
    /** What is sent for each token. */
    bytes: Bytes,
    milliseconds: Milliseconds,
    relayed: z.boolean(),
    basis: Basis,
    explanation: Explanation,
  })
  .meta({ id: 'PredictedHop' });
export type PredictedHop = z.infer<typeof PredictedHop>;

/** Decoding of one stream alone, with a short conversation behind it. */
export const Prediction = z
  .object({
    replica: Count,
    tokensPerSecond: z.number().nonnegative(),
    /** One token through all stages and back: the sum of stages and hops. */
    tokenMilliseconds: Milliseconds,
    /** From a prompt of 256 tokens to its first token. */
    firstTokenMilliseconds: Milliseconds,
    /** The least sure of what it is made of. */
    basis: Basis,
    stages: z.array(PredictedStage),
    hops: z.array(PredictedHop),
    /** What takes most of a token's time, for people. */
    dominatedBy: z.string(),
    /** Node that slows the pipeline down most; null where none does. */
    slowestNodeId: z.string().nullable(),
    /** What would be faster than this node, for people. */
    advice: z.string().nullable(),
  })
  .meta({ id: 'Prediction' });
export type Prediction = z.infer<typeof Prediction>;
