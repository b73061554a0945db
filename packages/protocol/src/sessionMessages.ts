/** What hub and stages say about one session, on the control channel: from `open-session` to `session-closed`. */
import { z } from 'zod';
import { SessionErrorCode } from './errors.ts';
import { AssignmentId, CacheId, SessionId, WorkerId } from './ids.ts';
import { ConstraintDescription } from './constraint.ts';
import { mostAlternatives, SamplingDescription, TokenLogprob, TokenScore } from './sampling.ts';

const count = z.number().int().nonnegative();
/** 11 days: longer than any session. */
const milliseconds = z.number().nonnegative().max(1e9);
const text = z.string().max(2000);
const tokenIds = z.array(count);
const stepLengths = z.array(count.min(1)).min(1);

// ---- from the hub ----------------------------------------------------------------------------------------------

/** Most caches that one message drops. */
export const maxDroppedCaches = 256;

/**
 * Reserve a cache, or go on with one of an earlier epoch. Sent to every stage of the pipeline before the prompt goes to the
 * first one. A session of the same id and an earlier epoch ends with it.
 */
export const OpenSession = z.object({
  type: z.literal('open-session'),
  sessionId: SessionId,
  assignmentId: AssignmentId,
  epoch: count,
  cacheId: CacheId,
  /**
   * Most tokens to keep of the cache with this id, where the stage still has it: an earlier epoch of the session left it
   * there. A stage that can't cut it back to that begins with none. Missing: the cache begins empty.
   */
  keep: count.optional(),
  /**
   * Begin with the first tokens of another cache of this stage: one that was kept, or one of a session that runs, whose steps
   * got that far. A stage that does not have it, or can't cut it there, begins empty. `take`: nobody needs the other cache any
   * more, and its room is part of this one's; what runs is copied, never taken.
   */
  from: z.object({ cacheId: CacheId, length: count.min(1), take: z.boolean() }).optional(),
  /** Cache rows to reserve: prompt and longest answer, in tokens. */
  capacity: count,
  /** First and last stage only: when to stop without asking the hub. */
  promptLength: count,
  /** Longest sequence, prompt included; the token at position `lengthLimit - 1` is the last. */
  lengthLimit: count,
  stopTokenIds: tokenIds,
  /** Most tokens in one step, the same for every stage: the chunk in which the prompt runs. Missing: no limit. */
  chunkTokens: count.min(2).optional(),
  /** Last stage only. */
  sampling: SamplingDescription.optional(),
  /** Last stage only: the sequence so far (prompt, and tokens already committed), for penalties. */
  tokens: tokenIds.optional(),
  /** Last stage only: what the answer is held to. */
  constraint: ConstraintDescription.optional(),
  /**
   * Last stage only: tell how likely each token of the prompt was, with so many of the likeliest in its place. The cache begins
   * empty, and steps have at most `scoredStepTokens` tokens.
   */
  scores: count.max(mostAlternatives).optional(),
});
export type OpenSession = z.infer<typeof OpenSession>;

/** Token ids for the first stage, starting at `position` (normally the prompt at 0). The last stage samples after the last one. */
export const Prompt = z.object({
  type: z.literal('prompt'),
  sessionId: SessionId,
  assignmentId: AssignmentId,
  epoch: count,
  position: count,
  tokens: tokenIds.min(1),
  /** Lengths of the steps in which they run, in all as many as there are tokens: see stepsOf and `replaySteps` of the hub. */
  steps: stepLengths,
});
export type Prompt = z.infer<typeof Prompt>;

/**
 * How a stage goes on with a session whose `open-session` had `keep` or `from`. Sent to all stages at once when each has said `session-opened` with what
 * it has; until it comes, a stage holds what the stage before sends. The stage cuts its cache back to `length` tokens; the next stage needs the
 * boundary tensors of the tokens from `sendFrom` on: those before `length` were retained and are sent again, those of tokens
 * before `sendFrom` are computed for this stage's cache alone.
 */
export const ResumeSession = z.object({
  type: z.literal('resume-session'),
  sessionId: SessionId,
  assignmentId: AssignmentId,
  epoch: count,
  /** At most what the stage said that its cache holds, and the end of a step. */
  length: count,
  /** The first token that the next stage lacks, the beginning of a step. */
  sendFrom: count,
  /** Tokens in the sequence: the last stage samples after the step that ends here. */
  sampleAfter: count,
  /**
   * Lengths of the steps in which what was retained is sent again, in all `length - sendFrom` tokens: each as it was, or several
   * in one. Missing: each as it was.
   */
  steps: stepLengths.optional(),
});
export type ResumeSession = z.infer<typeof ResumeSession>;

/** Forget the session: drop its queued steps, release or keep its cache, answer `session-closed`. */
export const CloseSession = z.object({
  type: z.literal('close-session'),
  sessionId: SessionId,
  assignmentId: AssignmentId,
  /**
   * Keep so many tokens of its cache, in as much room as they need, for sessions to come (`from`), until the hub drops the cache
   * or the room is needed. Missing: none.
   */
  keep: count.min(1).optional(),
});
export type CloseSession = z.infer<typeof CloseSession>;

/** Release caches that were kept. Nothing happens where there is none; no answer. */
export const DropCaches = z.object({
  type: z.literal('drop-caches'),
  assignmentId: AssignmentId,
  cacheIds: z.array(CacheId).min(1).max(maxDroppedCaches),
});
export type DropCaches = z.infer<typeof DropCaches>;

// ---- from the worker -------------------------------------------------------------------------------------------

/** The stage has reserved the session's cache; the hub sends the prompt when every stage has said so. */
export const SessionOpened = z.object({
  type: z.literal('session-opened'),
  sessionId: SessionId,
  assignmentId: AssignmentId,
  epoch: count,
  /** Tokens that the cache holds, at the end of a step: 0 for a new one. */
  length: count,
  /** First token whose boundary tensors the stage retained, at the beginning of a step; `length` where it has none. */
  retainedFrom: count,
});
export type SessionOpened = z.infer<typeof SessionOpened>;

/** A stage has run a chunk of the prompt: the hub waits for a prompt as long as stages go on. */
export const SessionProgress = z.object({
  type: z.literal('session-progress'),
  sessionId: SessionId,
  assignmentId: AssignmentId,
  epoch: count,
  /** Tokens of the sequence that ran at this stage. */
  position: count,
});
export type SessionProgress = z.infer<typeof SessionProgress>;

/** How likely tokens of the prompt were, from the last stage: in order, each once, and all of them before the first token. */
export const PromptScores = z.object({
  type: z.literal('prompt-scores'),
  sessionId: SessionId,
  assignmentId: AssignmentId,
  epoch: count,
  /** Index of the first of these tokens in the sequence: the one at 0 has none. */
  position: count.min(1),
  scores: z.array(TokenScore).min(1),
});
export type PromptScores = z.infer<typeof PromptScores>;

/** One token from the last stage. Committed when the hub has it. */
export const TokenMessage = z.object({
  type: z.literal('token'),
  sessionId: SessionId,
  epoch: count,
  /** Index of this token in the whole sequence (the first answer token's position is the prompt's length). */
  position: count,
  token: count,
  logprob: z.number().optional(),
  topLogprobs: z.array(TokenLogprob).max(mostAlternatives).optional(),
  /** Set on the last one: a stop token, or `lengthLimit` reached. */
  finish: z.enum(['stop', 'length']).optional(),
});
export type TokenMessage = z.infer<typeof TokenMessage>;

/** The session can't go on at this stage. Its cache stays for a while, for a later epoch of the session. */
export const SessionFailed = z.object({
  type: z.literal('session-failed'),
  sessionId: SessionId,
  assignmentId: AssignmentId,
  epoch: count,
  code: SessionErrorCode,
  /** Names no worker by its id: the hub adds the name of `peer`. */
  message: text,
  /** The neighbour that does not answer, or that sent what was refused. */
  peer: WorkerId.optional(),
});
export type SessionFailed = z.infer<typeof SessionFailed>;

/** Sums over a session at one stage, in milliseconds (of several steps, as the stage saw them). */
export const StageTimings = z.object({
  steps: count,
  tokens: count,
  /** Waiting for the stage's step queue. */
  queueMs: milliseconds,
  /** Inside ONNX Runtime and sampling. */
  computeMs: milliseconds,
  /** Of `steps`, those of one token; the others are chunks of a prompt, `tokens - tokenSteps` tokens in all. */
  tokenSteps: count,
  /** From giving steps of one token to the stage until its answer, without the queue. */
  tokenStepsMs: milliseconds,
  /** The same of chunks of a prompt. */
  promptStepsMs: milliseconds,
  /** Writing frames. */
  encodeMs: milliseconds,
  /** Reading frames. */
  decodeMs: milliseconds,
  /** Between a frame's sending and arrival, by both clocks: meaningful only where the clocks agree (one machine). */
  wireMs: milliseconds,
  bytesIn: count,
  bytesOut: count,
  relayedFrames: count,
});
export type StageTimings = z.infer<typeof StageTimings>;

/** Answer to `close-session`. */
export const SessionClosed = z.object({
  type: z.literal('session-closed'),
  sessionId: SessionId,
  assignmentId: AssignmentId,
  timings: StageTimings,
  /** Tokens of its cache that are kept: as many as were asked for, or missing. */
  kept: count.optional(),
});
export type SessionClosed = z.infer<typeof SessionClosed>;
