/** The sessions of one assignment: from a prompt, a step frame or a token to the next frame or token. */
import type { ScoredTokens, StepRequest } from '@potluck/engine';
import {
  maxFrameBytes,
  type CacheId,
  type CloseSession,
  type Frame,
  type OpenSession,
  type Prompt,
  type ResumeSession,
  type SessionErrorCode,
  type SessionId,
  type StepFrame,
  type TokenFrame,
  type WorkerId,
} from '@potluck/protocol';
import { SessionError, sessionErrorCodeOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import { checkBoundary, checkChunk, checkContinues, checkSteps } from './checks.ts';
import { joinSteps } from './joinSteps.ts';
import { runSizeOf } from './runSize.ts';
import { SessionTable, type EarlyFrame, type FrameArrival, type StageSession } from './sessionTable.ts';
import type { RetainedStep } from './retainedBoundaries.ts';
import type { StageCaches } from './stageCaches.ts';
import { StageOutput, type StageOutputComponents } from './stageOutput.ts';
import { isFirst, isLast, lastWorker, nextWorker, previousWorker, type StagePlace } from './stagePlace.ts';
import { noTimings } from './timings.ts';

export interface StageSessionsComponents extends StageOutputComponents {
  caches: StageCaches;
  /** Resolves when little is queued for the peer. */
  drained(peer: WorkerId): Promise<void> | undefined;
  log: Log;
}

/** Most bytes of frames that a session holds until it goes on: the longest frame. */
const maxEarlyBytes = maxFrameBytes;
/** Steps of a replay between two signs of progress. */
const progressEvery = 16;

export class StageSessions {
  readonly #components: StageSessionsComponents;
  readonly #sessions = new SessionTable();
  readonly #output: StageOutput;
  place: StagePlace;

  constructor(components: StageSessionsComponents, place: StagePlace) {
    this.#components = components;
    this.#output = new StageOutput(components, (...token) => this.#feed(...token));
    this.place = place;
  }

  get count(): number {
    return this.#sessions.count;
  }

  /** True where the session runs here, or has ended here. */
  has(sessionId: SessionId): boolean {
    return this.#sessions.known(sessionId) !== undefined;
  }

  /** True where the session runs here. */
  runs(sessionId: SessionId): boolean {
    return this.#sessions.get(sessionId) !== undefined;
  }

  async open(message: OpenSession): Promise<void> {
    const { sessionId, epoch } = message;
    const before = this.#sessions.known(sessionId);
    if (before && epoch <= before.epoch) {
      this.#components.log.warn(
        { request: sessionId, epoch },
        'refused to open a session that was opened before',
      );
      return;
    }
    if (epoch < this.place.epoch) {
      this.#report(sessionId, epoch, 'stage-gone', `the pipeline is in epoch ${this.place.epoch}`);
      return;
    }
    // Where it goes on with another cache, nobody else would let go of the former one.
    if (before) this.#components.caches.leave(before.cacheId, before.epoch);
    const session = this.#sessions.begin(message);
    const { cacheId, capacity, promptLength, sampling, tokens, constraint, keep, from } = message;
    try {
      const opened = await this.#components.caches.open(
        {
          ...{ cacheId, epoch, capacity, promptLength },
          ...(sampling && { sampling }),
          ...(tokens && { tokens }),
          ...(constraint && { constraint }),
        },
        { keep, from },
      );
      if (session.state !== 'opening') return;
      session.state = 'open';
      session.position = opened.length;
      if (keep !== undefined || from) session.early = [];
      const { assignmentId } = this.place;
      this.#components.sendToHub({ type: 'session-opened', sessionId, assignmentId, epoch, ...opened });
    } catch (error) {
      this.#fail(session, error);
    }
  }

  /** Goes on with what a cache held when the session was opened: sends again what the next stage lacks, and takes what came meanwhile. */
  async resume(message: ResumeSession): Promise<void> {
    const { sessionId, epoch, length, sendFrom, sampleAfter } = message;
    const session = this.#sessions.get(sessionId);
    if (!session) {
      this.#miss(message);
      return;
    }
    try {
      this.#checkOpen(session);
      const { cacheId, early } = session;
      if (epoch !== session.epoch || length > session.position || !early) {
        throw new SessionError('cache-miss', `${length} tokens of epoch ${epoch} are not here`);
      }
      const { caches } = this.#components;
      const retained = sendFrom < length ? caches.retained(cacheId, sendFrom, length) : [];
      const { boundaryOut } = this.place.stage;
      const steps = retained && message.steps ? joinSteps(retained, message.steps, boundaryOut) : retained;
      if (!steps) throw new SessionError('cache-miss', `tokens from ${sendFrom} are not retained here`);
      const isCut = length < session.position;
      // At once: the prompt may be the very next message, and its steps come to the stage after the cut.
      session.position = length;
      session.sendFrom = sendFrom;
      if (isCut) await caches.cut(cacheId, length);
      session.resent = this.#resend(session, steps, sampleAfter);
      session.early = undefined;
      for (const { frame, arrival } of early) this.#take(session, frame, arrival);
      await session.resent;
    } catch (error) {
      this.#fail(session, error);
    }
  }

  async #resend(session: StageSession, steps: RetainedStep[], sampleAfter: number): Promise<void> {
    for (const { position, length, tensors } of steps) {
      await this.#drained();
      if (session.state !== 'open') return;
      const sample = position + length === sampleAfter;
      this.#output.forward(this.place, session, { position, length, sample }, tensors);
    }
  }

  /** Token ids for the first stage; runs them step after step, at most one of them ahead of the wire. */
  async prompt(message: Prompt): Promise<void> {
    const session = this.#sessions.get(message.sessionId);
    if (!session) {
      this.#miss(message);
      return;
    }
    const from = message.position;
    const to = from + message.tokens.length;
    const lengths = message.steps;
    try {
      if (!isFirst(this.place)) throw new SessionError('bad-frame', 'a prompt is for the first stage');
      this.#checkOpen(session);
      checkContinues(session, { ...message, length: message.tokens.length });
      checkSteps(session, lengths, message.tokens.length);
    } catch (error) {
      this.#fail(session, error);
      return;
    }
    session.position = to;
    let start = 0;
    let previous: Promise<void> | undefined;
    for (const length of lengths) {
      const end = start + length;
      const running = this.#step(session, {
        position: from + start,
        length,
        tokenIds: message.tokens.slice(start, end),
        sample: end === message.tokens.length,
      });
      await previous;
      await this.#drained();
      if (session.state !== 'open') return;
      previous = running;
      start = end;
    }
    await previous;
  }

  /** Boundary tensors from the previous stage. */
  step(frame: StepFrame, arrival: FrameArrival): void {
    const session = this.#expect(frame, arrival, previousWorker(this.place));
    if (session) this.#take(session, frame, arrival);
  }

  #take(session: StageSession, frame: Frame, arrival: FrameArrival): void {
    try {
      if (session.early) holdEarly(session.early, { frame, arrival });
      else if (frame.kind === 'step') this.#run(session, frame);
      else this.#feed(session, frame.epoch, frame.position, frame.tokens);
    } catch (error) {
      this.#fail(session, error);
    }
  }

  /** @throws SessionError */
  #run(session: StageSession, frame: StepFrame): void {
    this.#checkOpen(session);
    checkChunk(session, frame.length);
    checkContinues(session, frame);
    checkBoundary(this.place.stage.boundaryIn, frame);
    session.position += frame.length;
    const { position, length, tensors, sample } = frame;
    const request = { position, length, boundary: tensors, sample: sample && isLast(this.place) };
    void this.#step(session, request, sample);
  }

  /** Tokens from the last stage, which the first one feeds in. */
  token(frame: TokenFrame, arrival: FrameArrival): void {
    const session = this.#expect(frame, arrival, isFirst(this.place) ? lastWorker(this.place) : undefined);
    if (session) this.#take(session, frame, arrival);
  }

  /** A frame that says it is of this session can't be read. */
  badFrame(sessionId: SessionId, from: WorkerId, reason: string): void {
    const session = this.#sessions.get(sessionId);
    const isNeighbour =
      from === previousWorker(this.place) || (isFirst(this.place) && from === lastWorker(this.place));
    if (session && isNeighbour) this.#fail(session, new SessionError('bad-frame', reason, { peer: from }));
  }

  /** Ends a session, and keeps its cache where that is wanted and can be done. */
  async close({ sessionId, keep }: Pick<CloseSession, 'sessionId' | 'keep'>): Promise<void> {
    const session = this.#sessions.get(sessionId);
    if (session) this.#sessions.end(session);
    const known = this.#sessions.known(sessionId);
    const { caches } = this.#components;
    let isKept = false;
    if (known && keep !== undefined) isKept = await caches.keep(known.cacheId, known.epoch, keep);
    else if (known) void caches.release(known.cacheId, known.epoch);
    const { timings } = known ?? { timings: noTimings() };
    const { assignmentId } = this.place;
    this.#components.sendToHub({
      ...{ type: 'session-closed', sessionId, assignmentId, timings },
      ...(isKept && { kept: keep }),
    });
  }

  /** Releases caches that were kept. */
  drop(cacheIds: readonly CacheId[]): void {
    for (const cacheId of cacheIds) this.#components.caches.drop(cacheId);
  }

  /** Ends every session of which `concerns` says so. */
  failAll(error: SessionError, concerns: (place: StagePlace) => boolean = () => true): void {
    if (!concerns(this.place)) return;
    for (const session of this.#sessions.all()) this.#fail(session, error);
  }

  #checkOpen(session: StageSession): void {
    if (session.state === 'open') return;
    throw new SessionError('cache-miss', 'the session is still being opened here');
  }

  /** @returns the session that a frame is for, where it comes from the right worker at the right time */
  #expect(frame: Frame, arrival: FrameArrival, expected: WorkerId | undefined): StageSession | undefined {
    if (arrival.from !== expected) {
      this.#components.log.warn(
        { sessionId: frame.sessionId, from: arrival.from },
        'dropped a frame of a worker that is not the one before this stage',
      );
      return undefined;
    }
    const session = this.#sessions.get(frame.sessionId);
    if (!session) {
      if (!this.#sessions.known(frame.sessionId)) this.#miss(frame);
      return undefined;
    }
    if (frame.epoch < session.epoch) return undefined; // Late, from before the pipeline changed.
    const { timings } = session;
    timings.bytesIn += arrival.bytes;
    timings.decodeMs += arrival.decodeMs;
    timings.wireMs += Math.max(0, arrival.arrivedAt - frame.sentAt);
    if (arrival.relayed) timings.relayedFrames++;
    return session;
  }

  #feed(session: StageSession, epoch: number, position: number, tokens: readonly number[]): void {
    try {
      this.#checkOpen(session);
      checkContinues(session, { epoch, position, length: tokens.length });
    } catch (error) {
      this.#fail(session, error);
      return;
    }
    session.position += tokens.length;
    // Each by itself, as they would have come: caches of some stages come out otherwise from several at once.
    for (const [index, token] of tokens.entries()) {
      const sample = index === tokens.length - 1;
      void this.#step(session, { position: position + index, length: 1, tokenIds: [token], sample });
    }
  }

  /** @param sampleLater whether the last stage samples after this step; as in the request where it is the last */
  async #step(
    session: StageSession,
    request: Omit<StepRequest, 'cacheId' | 'epoch'>,
    sampleLater = request.sample,
  ): Promise<void> {
    try {
      const sample = request.sample && isLast(this.place);
      const { cacheId, epoch } = session;
      const score = scoredBy(session, request);
      const started = performance.now();
      const result = await this.#components.caches.step({
        ...{ ...request, cacheId, epoch, sample },
        ...(request.length === 1 && { runSize: runSizeOf(this.place, this.#sessions.answering) }),
        ...(score && { score }),
      });
      if (session.state !== 'open') return;
      const now = performance.now();
      // A chunk that is given ahead waits for the one before, also where the stage's queue does not see it yet.
      const stepMs = Math.max(0, Math.min(now - started - result.queueMs, now - session.steppedAt));
      session.steppedAt = now;
      if (request.length === 1) {
        session.timings.tokenSteps++;
        session.timings.tokenStepsMs += stepMs;
      } else session.timings.promptStepsMs += stepMs;
      session.timings.steps++;
      session.timings.tokens += request.length;
      session.timings.queueMs += result.queueMs;
      session.timings.computeMs += result.computeMs;
      const { position, length } = request;
      if (!isLast(this.place)) {
        // What is sent again comes first.
        if (session.resent) await session.resent;
        if (session.state !== 'open') return;
        // Those before are computed for this stage's cache alone.
        if (position + length > session.sendFrom) {
          const step = { position, length, sample: sampleLater };
          this.#output.forward(this.place, session, step, result.boundary);
        }
      } else {
        if (result.scores) this.#output.scored(this.place, session, position + 1, result.scores);
        if (sample) this.#output.sampled(this.place, session, position + length, result);
      }
      const isOften = length > 1 ? !sample : !sampleLater && (position + length) % progressEvery === 0;
      if (isOften) this.#progressed(session, position + length);
    } catch (error) {
      this.#fail(session, error);
    }
  }

  /** Resolves when little is queued for the next stage. */
  async #drained(): Promise<void> {
    const peer = nextWorker(this.place);
    if (peer) await this.#components.drained(peer);
  }

  /** Tells the hub that a chunk of a prompt is done here, or some steps of a replay. */
  #progressed({ id: sessionId, epoch }: StageSession, position: number): void {
    const { assignmentId } = this.place;
    this.#components.sendToHub({ type: 'session-progress', sessionId, assignmentId, epoch, position });
  }

  #miss({ sessionId, epoch }: { sessionId: SessionId; epoch: number }): void {
    this.#report(sessionId, epoch, 'cache-miss', 'the session is not open here');
  }

  #fail(session: StageSession, error: unknown): void {
    if (session.state === 'ended') return;
    this.#sessions.end(session);
    this.#components.caches.leave(session.cacheId, session.epoch);
    const peer = error instanceof SessionError ? error.peer : undefined;
    this.#report(session.id, session.epoch, sessionErrorCodeOf(error), messageOf(error), peer);
  }

  #report(
    sessionId: SessionId,
    epoch: number,
    code: SessionErrorCode,
    message: string,
    peer?: WorkerId,
  ): void {
    const { assignmentId } = this.place;
    this.#components.log.warn({ request: sessionId, assignmentId, code, peer }, `session failed: ${message}`);
    this.#components.sendToHub({
      ...{ type: 'session-failed', sessionId, assignmentId, epoch, code, message },
      ...(peer && { peer }),
    });
  }
}

/** The tokens that a step is to score, where its session wants that. */
function scoredBy(
  { scored }: StageSession,
  { position, length }: Pick<StepRequest, 'position' | 'length'>,
): ScoredTokens | undefined {
  const tokens = scored?.tokens.slice(position + 1, position + length + 1) ?? [];
  return scored && tokens.length > 0 ? { ...scored, tokens } : undefined;
}

/** @throws SessionError where more came than a stage may hold */
function holdEarly(held: EarlyFrame[], one: EarlyFrame): void {
  const bytes = [...held, one].reduce((sum, { arrival }) => sum + arrival.bytes, 0);
  if (bytes > maxEarlyBytes) throw new SessionError('bad-frame', 'too much came before the session goes on');
  held.push(one);
}
