/** Workers and what they do. */
import { z } from 'zod';
import { Bytes, Count, Name, Timestamp } from './common.ts';

/** Life of a stage: assigned, downloading, compiling, warming, connecting, ready; released and failed are final. */
export const StageState = z.enum([
  'assigned',
  'downloading',
  'compiling',
  'warming',
  'connecting',
  'ready',
  'released',
  'failed',
]);
export type StageState = z.infer<typeof StageState>;

/** A contiguous range of layers at one node. */
export const Stage = z
  .object({
    assignmentId: z.string(),
    model: z.string(),
    /** Which of the deployment's replicas, counted from 0. */
    replica: Count,
    /** Place in the pipeline, counted from 0. */
    stageIndex: Count,
    nodeId: z.string(),
    nodeName: z.string(),
    /** Layers are inclusive, counted from 0. */
    firstLayer: Count,
    lastLayer: Count,
    state: StageState,
    reason: z.string().nullable(),
    progress: z.object({ doneBytes: Bytes, totalBytes: Bytes }).nullable(),
    /** Known once the stage was cut. */
    weightBytes: Bytes.nullable(),
    /** Room for caches; known once the stage is ready. */
    cacheBytes: Bytes.nullable(),
    computesWith: z
      .string()
      .nullable()
      .meta({ description: 'Which device computes it, and why; null where the node has one device only' }),
  })
  .meta({ id: 'Stage' });
export type Stage = z.infer<typeof Stage>;

/** How a node reaches a peer, by what it last said. */
export const Link = z
  .object({
    id: z.string().meta({ description: "The peer's node id" }),
    state: z.enum(['connecting', 'direct', 'relayed', 'lost']),
    reason: z.string().nullable(),
    roundTripMs: z.number().nullable(),
    /** Measured, not estimated; null until it was. */
    bytesPerSecond: z.number().nullable(),
    /** Kinds of the ICE candidates in use, such as `host` and `srflx`; null where the host does not tell. */
    candidates: z.object({ local: z.string(), remote: z.string() }).nullable(),
  })
  .meta({ id: 'Link' });
export type Link = z.infer<typeof Link>;

/**
 * What the operator wants of a node: `active` takes stages; `paused` takes none and gave up those it had at once;
 * `draining` lets running answers end first, then is `drained`; `waiting` was never here before and takes none until it is
 * approved, which `active` does.
 */
export const NodeMode = z.enum(['active', 'paused', 'draining', 'drained', 'waiting']);
export type NodeMode = z.infer<typeof NodeMode>;

export const Node = z
  .object({
    id: z.string(),
    name: z.string(),
    /** What the worker calls itself; differs from `name` after a rename here. */
    reportedName: z.string(),
    kind: z.enum(['node', 'browser']),
    version: z.string(),
    device: z.object({
      kind: z.enum(['cpu', 'webgpu', 'cuda', 'wasm']),
      description: z.string(),
      float16: z.boolean(),
    }),
    /** What stages may use in all. */
    memoryBytes: Bytes,
    /** What its stages use now: weights, and caches of answers under way. */
    usedBytes: Bytes,
    /** What the hub has reserved for stages: weights, working memory, and room for caches. */
    reservedBytes: Bytes,
    /** Of `reservedBytes`, room for caches that other models can have. */
    reclaimableBytes: Bytes,
    mode: NodeMode,
    role: z.enum(['serving', 'preparing', 'standby']),
    /** Why it is in this mode or does not serve; null where there is nothing to say. */
    reason: z.string().nullable(),
    /** Since when its mode, role and stages are as they are. */
    stateSince: Timestamp,
    joinedAt: Timestamp,
    /** The node is gone when nothing was heard from it for this long, in milliseconds. */
    leaseMs: Count,
    stages: z.array(Stage),
    peers: z.array(Link),
    /** Where it keeps weights for good; null where it does not tell. */
    disk: z.object({ weightBytes: Bytes, freeBytes: Bytes.nullable() }).nullable(),
    /** Share of the last seconds that it spent computing, from 0 to 1. */
    load: z.number().min(0).max(1),
    /** Answers that run through it now. */
    runningRequests: Count,
    /** Tokens computed since it joined, prompts included. */
    tokensServed: Count,
    /** A browser tab that is in the background; null where the worker does not tell. */
    hidden: z.boolean().nullable(),
  })
  .meta({ id: 'Node' });
export type Node = z.infer<typeof Node>;

/** A node that was here. */
export const FormerNode = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['node', 'browser']),
    device: z.string(),
    memoryBytes: Bytes,
    firstJoinedAt: Timestamp,
    lastJoinedAt: Timestamp,
    lastLeftAt: Timestamp.nullable(),
    lastLeftReason: z.string().nullable(),
    evicted: z.boolean().meta({ description: 'True: it may not join again until it is readmitted' }),
  })
  .meta({ id: 'FormerNode' });
export type FormerNode = z.infer<typeof FormerNode>;

/** A device that waits until the operator approves it: `PATCH /api/nodes/:id` with the mode `active`, or evict and ban it. */
export const UnapprovedDevice = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['node', 'browser']),
    device: z.string(),
    memoryBytes: Bytes,
    /** Address that it came from. */
    address: z.string(),
    /** Name of the invite or join token that it showed. */
    joinedWith: z.string(),
    joinedAt: Timestamp,
  })
  .meta({ id: 'UnapprovedDevice' });
export type UnapprovedDevice = z.infer<typeof UnapprovedDevice>;

/** `PATCH /api/nodes/:id`. */
export const NodeChange = z
  .strictObject({
    name: Name.optional(),
    mode: z.enum(['active', 'paused', 'draining']).optional(),
  })
  .refine(({ name, mode }) => name !== undefined || mode !== undefined, 'give a name or a mode')
  .meta({ id: 'NodeChange' });
export type NodeChange = z.infer<typeof NodeChange>;

/** What becomes of a model if a node leaves. */
export const DepartureEffect = z
  .object({
    model: z.string(),
    outcome: z.enum(['replica', 'standby', 'spare', 'stops']).meta({
      description:
        '`replica`: another replica answers; `standby`: others hold the layers ready; `spare`: others load the layers first; `stops`: nobody has room',
    }),
    devices: z.array(z.string()).meta({ description: 'Names of the nodes that go on with it, or take over' }),
    reason: z.string().nullable().meta({ description: 'Why it stops' }),
  })
  .meta({ id: 'DepartureEffect' });
export type DepartureEffect = z.infer<typeof DepartureEffect>;

/** `POST /api/nodes/:id/evict`: the worker is told to go; `ban` keeps it out until it is readmitted. */
export const Eviction = z
  .strictObject({
    reason: z.string().trim().min(1).max(500).default('the operator asked it to leave'),
    ban: z.boolean().default(false),
  })
  .meta({ id: 'Eviction' });
export type Eviction = z.input<typeof Eviction>;
