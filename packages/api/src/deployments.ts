/** Which models are served, and how. */
import { z } from 'zod';
import { Bytes, Count, Timestamp } from './common.ts';
import { Stage } from './nodes.ts';
import { PredictedAnswer, Prediction } from './predictions.ts';

const Replicas = z.number().int().min(1).max(16).default(1);

/** One stage of a plan by hand. Leave the layers out of all stages to have them balanced by memory. */
export const PlannedStage = z
  .strictObject({ nodeId: z.string(), firstLayer: Count.optional(), lastLayer: Count.optional() })
  .meta({ id: 'PlannedStage' });
export type PlannedStage = z.infer<typeof PlannedStage>;

/** How to place a model: by itself, in a number of shards, or each stage on a node of choice. */
export const DeploymentPlan = z
  .discriminatedUnion('mode', [
    z.strictObject({
      mode: z.literal('automatic'),
      replicas: Replicas,
      mostReplicas: z.number().int().min(1).max(16).optional().meta({
        description:
          'While requests wait, further replicas are added where there is room, up to so many. Default: none',
      }),
    }),
    z.strictObject({
      mode: z.literal('shards'),
      count: z.number().int().min(1).max(256),
      replicas: Replicas,
    }),
    z.strictObject({ mode: z.literal('manual'), stages: z.array(PlannedStage).min(1).max(256) }),
  ])
  .meta({ id: 'DeploymentPlan' });
export type DeploymentPlan = z.infer<typeof DeploymentPlan>;

/** How fast an answer was, beside what was predicted for it. */
export const MeasuredAnswer = z
  .object({
    requestId: z.string(),
    promptTokens: Count,
    completionTokens: Count,
    /** Decode speed: tokens after the first. */
    tokensPerSecond: z.number().nonnegative(),
    /** From arrival to the first token, without waiting for room. */
    firstTokenMs: z.number().nonnegative(),
    predicted: PredictedAnswer,
  })
  .meta({ id: 'MeasuredAnswer' });
export type MeasuredAnswer = z.infer<typeof MeasuredAnswer>;

/** One pipeline of a deployment. */
export const Replica = z
  .object({
    index: Count,
    /** Rises at every change; null while no pipeline is put together. */
    epoch: Count.nullable(),
    ready: z.boolean(),
    /** What keeps it from serving, with numbers; null while it serves. */
    missing: z.string().nullable(),
    /** `worker[first-last],…` */
    route: z.string().nullable(),
    stages: z.array(Stage),
    running: Count,
    waiting: Count,
    /** The last answer that had this pipeline for itself; null before the first. */
    lastAnswer: MeasuredAnswer.nullable(),
  })
  .meta({ id: 'Replica' });
export type Replica = z.infer<typeof Replica>;

export const Deployment = z
  .object({
    model: z.string(),
    /** Answers where a request names no model. */
    isDefault: z.boolean(),
    /** Rises at every change of the plan; send it back to change the plan. */
    revision: Count,
    plan: DeploymentPlan,
    layers: Count,
    /** True while at least one replica serves. */
    ready: z.boolean(),
    missing: z.string().nullable(),
    /** Longest prompt and answer together that is served now, in tokens; null while none is. */
    contextLength: Count.nullable(),
    /** Why that is less than the model's own, for people; null where it is not. */
    contextReason: z.string().nullable(),
    /** Why parts share devices though the plan wants one for each, for people; null where they do not. */
    partsReason: z.string().nullable(),
    replicas: z.array(Replica),
    createdAt: Timestamp,
  })
  .meta({ id: 'Deployment' });
export type Deployment = z.infer<typeof Deployment>;

/**
 * `PUT /api/deployments`: deploys a model, or changes how. `revision` is that of the deployment that was looked at
 * (leave it out for a new one); another one is answered with 409 `conflict`.
 */
export const Deploy = z
  .strictObject({
    model: z.string(),
    plan: DeploymentPlan.default({ mode: 'automatic', replicas: 1 }),
    revision: Count.optional(),
  })
  .meta({ id: 'Deploy' });
export type Deploy = z.input<typeof Deploy>;

/** One stage as it would be. */
export const PreviewStage = z
  .object({
    nodeId: z.string(),
    nodeName: z.string(),
    replica: Count,
    firstLayer: Count,
    lastLayer: Count,
    weightBytes: Bytes,
    workingBytes: Bytes,
    /** Least cache that is useful: one short chat. */
    cacheBytes: Bytes,
    /** What the node has free for this model; less than the sum of the three means that it does not fit. */
    availableBytes: Bytes,
    /** Weights that the node does not have yet, as far as the hub knows. */
    bytesToMove: Bytes,
  })
  .meta({ id: 'PreviewStage' });
export type PreviewStage = z.infer<typeof PreviewStage>;

/** `POST /api/deployments/preview` (takes a Deploy): what would happen. Changes nothing. */
export const DeploymentPreview = z
  .object({
    ok: z.boolean(),
    /** Why not, with numbers; null where it fits. */
    problem: z.string().nullable(),
    stages: z.array(PreviewStage),
    bytesToMove: Bytes,
    neededBytes: Bytes,
    offeredBytes: Bytes,
    reasons: z.array(z.string()).meta({ description: 'Why the layers would go there, for people' }),
    /** How fast each replica would be; empty where it does not fit. */
    predictions: z.array(Prediction),
  })
  .meta({ id: 'DeploymentPreview' });
export type DeploymentPreview = z.infer<typeof DeploymentPreview>;
