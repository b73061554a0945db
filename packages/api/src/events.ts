/**
 * `GET /api/events`: server-sent events. The first is a `snapshot`, unless `Last-Event-ID` names an event that the
 * hub still has: then what was missed comes instead. Every other event replaces one thing, so that a client keeps one
 * map for each kind. Each event's `event:` line is its `type`, its `data:` line the whole object as JSON.
 * A hub that stops says so by a last event `hub-stops`, which has no id and is no `LiveEvent`.
 */
import { z } from 'zod';
import { Count, Timestamp } from './common.ts';
import { Deployment } from './deployments.ts';
import { Import, Model } from './models.ts';
import { Node } from './nodes.ts';
import { RequestStatus } from './requests.ts';

/** A request as everybody may see it: no words, no owner. */
export const Activity = z
  .object({
    id: z.string(),
    model: z.string(),
    status: RequestStatus,
    createdAt: Timestamp,
    /** The pipeline's nodes in order. */
    nodeIds: z.array(z.string()),
    /** Place in the queue, from 1; null once the request has room. */
    queuePlace: Count.nullable(),
    promptTokens: Count,
    /** Of those, how many all devices have read. */
    promptTokensRead: Count,
    completionTokens: Count,
    tokensPerSecond: z.number().nullable(),
    errorCode: z.string().nullable(),
    /** False once the page or program that asked went away, while the answer goes on. */
    hasReader: z.boolean(),
    /** While its answer stands still for what was lost: the names of that, and for how long until now, in milliseconds. */
    paused: z.object({ lost: z.array(z.string()), forMs: z.number().nonnegative() }).nullable(),
  })
  .meta({ id: 'Activity' });
export type Activity = z.infer<typeof Activity>;

/** Everything that is live, as it is now. */
export const Snapshot = z
  .object({
    nodes: z.array(Node),
    deployments: z.array(Deployment),
    models: z.array(Model),
    imports: z.array(Import),
    /** Those that run. */
    requests: z.array(Activity),
  })
  .meta({ id: 'Snapshot' });
export type Snapshot = z.infer<typeof Snapshot>;

export const LiveEvent = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('snapshot'), snapshot: Snapshot }),
    /** Joined, or anything about it changed. */
    z.object({ type: z.literal('node'), node: Node }),
    z.object({ type: z.literal('node-left'), id: z.string(), name: z.string(), reason: z.string() }),
    z.object({ type: z.literal('deployment'), deployment: Deployment }),
    z.object({ type: z.literal('deployment-removed'), model: z.string() }),
    z.object({ type: z.literal('model'), model: Model }),
    z.object({ type: z.literal('model-removed'), id: z.string() }),
    z.object({ type: z.literal('import'), import: Import }),
    z.object({ type: z.literal('import-removed'), id: z.string() }),
    /** Started, grew, or ended (any status but `running`: the last event about it). */
    z.object({ type: z.literal('request'), request: Activity }),
  ])
  .meta({ id: 'LiveEvent' });
export type LiveEvent = z.infer<typeof LiveEvent>;
