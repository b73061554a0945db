/**
 * The control channel between a worker and the hub: JSON text messages on one web socket
 * (`workerSocketPath`); relayed peer slices travel on the same socket as binary messages (see relay.ts).
 */
import { z } from 'zod';
import { Encode, EncodeFailed, Encoded } from './encodingMessages.ts';
import { ProtocolError, RefusalCode } from './errors.ts';
import { AssignmentId, HubId, InstanceId, ModelId, PipelineId, Sha256, WorkerId } from './ids.ts';
import { exceededLimit, type JsonLimits } from './jsonShape.ts';
import { DeviceKind, StageDescription } from './model.ts';
import { readPlainToken } from './plainToken.ts';
import {
  CloseSession,
  DropCaches,
  OpenSession,
  Prompt,
  PromptScores,
  ResumeSession,
  SessionClosed,
  SessionFailed,
  SessionOpened,
  SessionProgress,
  TokenMessage,
} from './sessionMessages.ts';

/** Rises when a message or frame changes in a way that an older side would misread. */
export const protocolVersion = 8;

/** Path of the control web socket on the hub. */
export const workerSocketPath = '/api/workers/socket';

/** Where a page that is being left says goodbye for its worker, by a beacon; see PageGoodbye. */
export const workerGoodbyePath = '/api/workers/goodbye';

/** Longest control message of a hub in bytes: a prompt of 256k tokens written as JSON numbers fits. */
export const maxControlMessageBytes = 4 * 1024 * 1024;

/**
 * Longest message that a hub takes, in bytes, relayed slices included: whoever connects may send one before anybody knows
 * who that is. The longest that workers send is a hello with all the blobs that it may name.
 */
export const maxWorkerMessageBytes = 64 * 1024;

/** Arrays and objects within one another in any message: the schemas need fewer. */
const maxDepth = 20;
/** A hello with all its blobs has fewer than 600 values and names, a token with its alternatives fewer than 300. */
const workerLimits: JsonLimits = { maxValues: 2000, maxDepth };
const hubLimits: JsonLimits = { maxValues: Infinity, maxDepth };

/** Most blobs that a hello names; placement prefers workers that hold weights, and does without where more are cached. */
export const maxNamedBlobs = 500;

const count = z.number().int().nonnegative();
/** 1 PiB: more than any device has. */
const bytes = count.max(2 ** 50);
/** 11 days: longer than anything that is timed here. */
const milliseconds = z.number().nonnegative().max(1e9);
const text = z.string().max(2000);

/** What a worker computes with. */
export const Device = z.object({
  kind: DeviceKind,
  /** Name for people, such as the adapter's or the processor's. */
  description: text,
  float16: z.boolean(),
});
export type Device = z.infer<typeof Device>;

/**
 * Life of an assignment, in order. `released` and `failed` are final.
 * assigned -> downloading -> compiling -> warming -> connecting -> ready
 */
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

// ---- from the worker -------------------------------------------------------------------------------------------

/** Most stages that a hello names; others are taken away when their reports come. */
export const maxHeldStages = 32;

/** A stage that a worker has, or loads, for a hub that it lost. */
export const HeldStage = z.object({
  assignmentId: AssignmentId,
  model: ModelId,
  /** The stage's graph. */
  graph: Sha256,
  /** Weights, and what its caches may take. */
  bytes,
});
export type HeldStage = z.infer<typeof HeldStage>;

/** First message on the socket. */
export const Hello = z.object({
  type: z.literal('hello'),
  protocolVersion: count,
  /** Join token. */
  token: z.string().max(500),
  workerId: WorkerId,
  instanceId: InstanceId,
  name: z.string().min(1).max(100),
  kind: z.enum(['node', 'browser']),
  version: text,
  device: Device,
  /** The same for all that run on one machine, and for nobody else, as far as the worker can tell. It names nothing. */
  machine: z.string().max(100).optional(),
  /** What stages may use in all (weights, caches, working memory), in bytes. */
  memoryBytes: bytes,
  /** Blobs in the worker's cache, so that placement can prefer it. */
  cachedBlobs: z.array(Sha256).max(maxNamedBlobs),
  /** What a worker that comes back has: a hub that was started again finds it there. Missing: nothing. */
  heldStages: z.array(HeldStage).max(maxHeldStages).optional(),
});
export type Hello = z.infer<typeof Hello>;

/** Sent when nothing else was sent, or nothing was heard, for a third of the lease. */
export const Renew = z.object({ type: z.literal('renew') });

/** Most lengths of prompt chunks that a worker is asked to try. */
const maxPromptTrials = 8;

/** How long one chunk of a prompt took at a stage, on an empty cache. */
export const PromptStep = z.object({
  tokens: count.min(1),
  milliseconds,
  /** How long a step of one token took behind the chunk, whose cache it reads; missing where that was not tried. */
  nextTokenMs: milliseconds.optional(),
});
export type PromptStep = z.infer<typeof PromptStep>;

/**
 * In what a stage runs its steps. Kernels round differently from shape to shape: devices of one kind have the same bits where both
 * fields are the same. What they say is the engine's matter.
 */
export const RunShape = z.object({
  /** Which rewrite of the stage's graph, such as `own`, `rows` or `slots`. */
  graph: z.string().min(1).max(20),
  /** Rows that every run is filled up to a multiple of. */
  rows: count.min(1).max(1024),
});
export type RunShape = z.infer<typeof RunShape>;

/** An assignment's state: sent at every change, and about twice a second while downloading. */
export const StageReport = z
  .object({
    type: z.literal('stage-report'),
    assignmentId: AssignmentId,
    state: StageState,
    /** Why: what failed, what is waited for. */
    reason: text.optional(),
    /** While downloading. */
    progress: z.object({ doneBytes: bytes, totalBytes: bytes }).optional(),
    /** With `ready`, and then always: bytes that the stage's caches may take. */
    cacheBytes: bytes.optional(),
    /** With `ready`: how long a step of one token took when the stage was tried, in milliseconds. */
    tokenStepMs: milliseconds.optional(),
    /** With `ready`: which device computes this stage, and why, for people; where the worker had a choice. */
    computesWith: text.optional(),
    /**
     * With `ready`: what a cache of the stage can be computed again from to have the same bits: `chunks` of any length, or the
     * very steps of the first time, each of its length. Missing: the latter.
     */
    replay: z.enum(['chunks', 'steps']).optional(),
    /** With `ready`: in what the stage runs its steps. */
    runShape: RunShape.optional(),
    /** With `ready`: how long the chunks of `promptTrials` took; those that would have taken too long are missing. */
    promptSteps: z.array(PromptStep).max(maxPromptTrials).optional(),
  })
  .refine(({ state, cacheBytes }) => state !== 'ready' || cacheBytes !== undefined, {
    path: ['cacheBytes'],
    error: 'a stage that is ready says what its caches may take',
  });
export type StageReport = z.infer<typeof StageReport>;

/** One end of a direct connection, in the words of ICE (RFC 8445): `relay` is a TURN server's address. */
export const IceCandidate = z.object({
  type: z.enum(['host', 'srflx', 'prflx', 'relay']),
  protocol: z.enum(['udp', 'tcp']).optional(),
  /** `address:port`, where the worker is told; browsers hide their own behind a name. */
  address: text.optional(),
});
export type IceCandidate = z.infer<typeof IceCandidate>;

/** The addresses between which a direct connection runs. */
export const CandidatePair = z.object({ local: IceCandidate, remote: IceCandidate });
export type CandidatePair = z.infer<typeof CandidatePair>;

/** How a worker reaches a peer; sent at every change. */
export const PeerReport = z.object({
  type: z.literal('peer-report'),
  peer: WorkerId,
  state: z.enum(['connecting', 'direct', 'relayed', 'lost']),
  reason: text.optional(),
  roundTripMs: milliseconds.optional(),
  /** What the link carries from this worker to the peer, measured with a burst; missing until it was. */
  bytesPerSecond: bytes.optional(),
  /** With `direct`, as soon as it is known. */
  candidatePair: CandidatePair.optional(),
});
export type PeerReport = z.infer<typeof PeerReport>;

/**
 * Whether people look at a worker: sent at every change and after a welcome, by tabs. `hidden` may be slower; `frozen` is about to be
 * stopped by the browser for a while.
 */
export const WorkerPresence = z.object({
  type: z.literal('presence'),
  state: z.enum(['visible', 'hidden', 'frozen']),
});
export type WorkerPresence = z.infer<typeof WorkerPresence>;

/**
 * How busy a worker is and what it uses: sent after a welcome, within seconds of a change, every few seconds while it
 * computes, and once when it rests.
 */
export const WorkerLoad = z.object({
  type: z.literal('load'),
  /** Share of the time spent inside steps. */
  busy: z.number().min(0).max(1),
  /** What its stages use now, in bytes. */
  usedBytes: z.object({
    /** Weights of the stages in memory, unpacked copies included; not the working memory beside them. */
    weights: bytes,
    /** Caches of open sessions, by the room that each reserved; not the room that is free for more. */
    caches: bytes,
  }),
  /** Resident memory of the whole process, in bytes. Missing where the host can't know it, as in a tab. */
  processBytes: bytes.optional(),
  /** Where its weights are kept for good. Missing from older workers, and where the host can't know it. */
  disk: z
    .object({
      /** What its weights take. */
      weightBytes: bytes,
      /** Room for more; missing where the host can't know it. */
      freeBytes: bytes.optional(),
    })
    .optional(),
});
export type WorkerLoad = z.infer<typeof WorkerLoad>;

/** The worker is about to leave: it wants nothing new, and the hub takes its stages away as the answers under way end. */
export const Leaving = z.object({ type: z.literal('leaving') });

/** The worker leaves on purpose. */
export const Goodbye = z.object({ type: z.literal('goodbye'), reason: text.optional() });

/** Body of a request to `workerGoodbyePath`: the socket itself may end only later. */
export const PageGoodbye = z.object({
  /** Join token. */
  token: z.string().max(500),
  workerId: WorkerId,
  instanceId: InstanceId,
  reason: text.optional(),
});
export type PageGoodbye = z.infer<typeof PageGoodbye>;

export const FromWorkerMessage = z.discriminatedUnion('type', [
  Hello,
  Renew,
  StageReport,
  SessionOpened,
  SessionProgress,
  PromptScores,
  TokenMessage,
  SessionFailed,
  SessionClosed,
  Encoded,
  EncodeFailed,
  PeerReport,
  WorkerPresence,
  WorkerLoad,
  Leaving,
  Goodbye,
]);
export type FromWorkerMessage = z.infer<typeof FromWorkerMessage>;

// ---- from the hub ----------------------------------------------------------------------------------------------

/** STUN and TURN servers, as RTCPeerConnection takes them. */
export const IceServers = z.array(
  z.object({
    urls: z.union([z.string(), z.array(z.string())]),
    username: z.string().optional(),
    credential: z.string().optional(),
  }),
);
export type IceServers = z.infer<typeof IceServers>;

/** Answer to `hello`. */
export const Welcome = z.object({
  type: z.literal('welcome'),
  protocolVersion: count,
  hubId: HubId,
  /** The hub drops a worker from which it heard nothing for this long. */
  leaseMs: count,
  /** The hub says something at least this often, asked or not. Missing: it only answers, and each `renew` is answered. */
  wordEveryMs: count.optional(),
  /** PeerJS: the worker id is the peer id; `token` is asked for at the signalling socket. */
  signalling: z.object({ path: z.string(), key: z.string(), token: z.string() }),
  iceServers: IceServers,
  /** Send peer slices through the hub without trying to connect. */
  forceRelay: z.boolean(),
  /** True: the worker gets nothing until the operator approves it. */
  waitsForApproval: z.boolean().optional(),
  /** Of several hubs that serve one grid this one leads. The number grows each time that another one does; `/health` says the latest. */
  leaderEpoch: count.optional(),
});
export type Welcome = z.infer<typeof Welcome>;

/** The hub closes the socket after this. `retry` says whether trying again can help. */
export const Refusal = z.object({
  type: z.literal('refusal'),
  code: RefusalCode,
  message: text,
  retry: z.boolean(),
});
export type Refusal = z.infer<typeof Refusal>;

/** Where a stage's frames come from and go to. */
export const PipelineStage = z.object({
  assignmentId: AssignmentId,
  workerId: WorkerId,
  /** What people call the worker. */
  name: z.string().min(1).max(200),
});
export type PipelineStage = z.infer<typeof PipelineStage>;

/**
 * Run a stage. A worker that already runs the same graph keeps it loaded and only takes the new place.
 * The worker reports `failed` by itself when a state lasts longer than its deadline.
 */
export const Assign = z.object({
  type: z.literal('assign'),
  assignmentId: AssignmentId,
  pipelineId: PipelineId,
  epoch: count,
  /** Place in `stages`. */
  stageIndex: count,
  /** The whole pipeline in order, so that a stage knows its neighbours and the last stage the first. */
  stages: z.array(PipelineStage).min(1).max(256),
  stage: StageDescription,
  /** Longest time in milliseconds without progress in any state before `ready`. */
  deadlineMs: count,
  /** Most bytes that the stage's caches may take, so that other models find room; missing: all that is free. */
  cacheBytes: count.optional(),
  /** Lengths of prompt chunks to time when the stage is loaded, in tokens, shortest first; missing: none. */
  promptTrials: z.array(count.min(1)).max(maxPromptTrials).optional(),
  /**
   * In what the stage ran where it was before, or runs where it is served: a worker that can is to run it so, whatever it would
   * choose by itself, since answers go on there with the same words. Missing: the worker chooses.
   */
  runShape: RunShape.optional(),
});
export type Assign = z.infer<typeof Assign>;

/** Give the stage up and free its memory. Answered with `stage-report` `released`. */
export const Release = z.object({ type: z.literal('release'), assignmentId: AssignmentId });
export type Release = z.infer<typeof Release>;

/** Somebody waits for this worker: it answers at once with `renew`, or is taken for lost. */
export const Probe = z.object({ type: z.literal('probe') });
export type Probe = z.infer<typeof Probe>;

/**
 * Answers `renew`, and says that the hub is there where nothing else was said for `wordEveryMs`: a worker that hears nothing for the
 * length of the lease looks for the hub anew.
 */
export const Renewed = z.object({
  type: z.literal('renewed'),
  /** How long the lease is from now on; missing: as long as before. */
  leaseMs: count.optional(),
});
export type Renewed = z.infer<typeof Renewed>;

export const FromHubMessage = z.discriminatedUnion('type', [
  Welcome,
  Refusal,
  Renewed,
  Probe,
  Assign,
  Release,
  OpenSession,
  ResumeSession,
  Prompt,
  CloseSession,
  DropCaches,
  Encode,
]);
export type FromHubMessage = z.infer<typeof FromHubMessage>;

/** @throws ProtocolError if the text is no message that a worker may send */
export function decodeFromWorker(message: string): FromWorkerMessage {
  return readPlainToken(message) ?? decode(FromWorkerMessage, message, maxWorkerMessageBytes, workerLimits);
}

/** @throws ProtocolError if the text is no message that a hub may send */
export function decodeFromHub(message: string): FromHubMessage {
  return decode(FromHubMessage, message, maxControlMessageBytes, hubLimits);
}

/**
 * Which session a message of the hub is about that `decodeFromHub` refused, so that it can be answered; undefined where it is
 * about none, or that can't be read either.
 */
export function sessionOfRefused(
  message: string,
): Pick<OpenSession, 'sessionId' | 'assignmentId' | 'epoch'> | undefined {
  try {
    return AboutSession.safeParse(JSON.parse(message)).data;
  } catch {
    return undefined;
  }
}

/** Which assignment `decodeFromHub` refused, so that the refusal can be reported; undefined for any other message. */
export function assignmentOfRefused(message: string): AssignmentId | undefined {
  try {
    return AboutAssignment.safeParse(JSON.parse(message)).data?.assignmentId;
  } catch {
    return undefined;
  }
}

const AboutAssignment = Assign.pick({ type: true, assignmentId: true });
const AboutSession = OpenSession.pick({ sessionId: true, assignmentId: true, epoch: true });

function decode<T>(schema: z.ZodType<T>, message: string, maxBytes: number, limits: JsonLimits): T {
  if (message.length > maxBytes) {
    throw new ProtocolError(`control message of ${message.length} characters, limit ${maxBytes}`);
  }
  const exceeded = exceededLimit(message, limits);
  if (exceeded) {
    throw new ProtocolError(
      exceeded === 'maxDepth'
        ? `control message with more than ${limits.maxDepth} arrays and objects within one another`
        : `control message with more than ${limits.maxValues} values and names`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch (error) {
    throw new ProtocolError('control message is not JSON', { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ProtocolError(`control message refused: ${z.prettifyError(result.error)}`, {
    cause: result.error,
  });
}
