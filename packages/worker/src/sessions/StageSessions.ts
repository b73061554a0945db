/** The sessions of one assignment: from a prompt, a step frame or a token to the next frame or token. */
import {
  prefillChunks,
  type CloseSession,
  type Frame,
  type FromWorkerMessage,
  type OpenSession,
  type Prompt,
  type SessionErrorCode,
  SessionErrorCode as sessionErrorCodes,
  type SessionId,
  type StageTimings,
  type StepFrame,
  type TokenFrame,
  type WorkerId,
} from '@potluck/protocol';
import { unixMs } from '../clock.ts';
import { SessionError } from '../errors.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import type { LoadedStage, StageStepRequest, StageStepResult } from '../stage-host/StageHost.ts';
import { checkBoundary, checkContinues, finishAt } from './checks.ts';
import {
  isFirst,
  isLast,
  lastWorker,
  nextWorker,
  previousWorker,
  workerAt,
  type StagePlace,
} from './StagePlace.ts';
import { noTimings } from './timings.ts';

/** Sessions remembered after their end, so that their late frames are dropped in silence. */
const maxEndedSessions = 1024;

/** How a frame came in. */
export interface FrameArrival {
  from: WorkerId;
  /** Unix milliseconds. */
  arrivedAt: number;
  decodeMs: number;
  bytes: number;
  relayed: boolean;
}

/** What left for a peer. */
export interface FrameDeparture {
  encodeMs: number;
  bytes: number;
}

export interface StageSessionsComponents {
  stage: LoadedStage;
  sendToHub(message: FromWorkerMessage): void;
  /** @throws SessionError if there is no way to the peer */
  sendFrame(peer: WorkerId, frame: Frame): FrameDeparture;
  /** Resolves when little is queued for the peer. */
  drained(peer: WorkerId): Promise<void> | undefined;
  log: Log;
}

/** One session at this stage. */
interface StageSession {
  id: SessionId;
  epoch: number;
  /** Tokens that ran or are queued. */
  position: number;
  capacity: number;
  limits: Pick<OpenSession, 'stopTokenIds' | 'lengthLimit'>;
  state: 'opening' | 'open' | 'ended';
  timings: StageTimings;
}

/** What is left of a session that ended: not its prompt. */
type EndedSession = Pick<StageSession, 'id' | 'epoch' | 'timings'>;

export class StageSessions {
  readonly #components: StageSessionsComponents;
  readonly #sessions = new Map<SessionId, StageSession>();
  readonly #ended = new Map<SessionId, EndedSession>();
  place: StagePlace;

  constructor(components: StageSessionsComponents, place: StagePlace) {
    this.#components = components;
    this.place = place;
  }

  get count(): number {
    return this.#sessions.size;
  }

  has(sessionId: SessionId): boolean {
    return this.#sessions.has(sessionId) || this.#ended.has(sessionId);
  }

  async open(message: OpenSession): Promise<void> {
    const { sessionId, epoch } = message;
    const before = this.#sessions.get(sessionId) ?? this.#ended.get(sessionId);
    if (before && epoch <= before.epoch) {
      this.#components.log.warn({ sessionId, epoch }, 'refused to open a session that was opened before');
      return;
    }
    if (epoch < this.place.epoch) {
      this.#report(sessionId, epoch, 'stage-gone', `the pipeline is in epoch ${this.place.epoch}`);
      return;
    }
    this.#sessions.delete(sessionId);
    this.#ended.delete(sessionId);
    if (before) this.#release(before);
    const session: StageSession = {
      id: sessionId,
      epoch,
      position: 0,
      capacity: message.capacity,
      limits: message,
      state: 'opening',
      timings: noTimings(),
    };
    this.#sessions.set(sessionId, session);
    try {
      await this.#components.stage.open({
        cacheId: sessionId,
        epoch,
        capacity: message.capacity,
        promptLength: message.promptLength,
        ...(message.sampling && { sampling: message.sampling }),
        ...(message.tokens && { tokens: message.tokens }),
      });
      if (session.state !== 'opening') return;
      session.state = 'open';
      const { assignmentId } = this.place;
      this.#components.sendToHub({ type: 'session-opened', sessionId, assignmentId, epoch });
    } catch (error) {
      this.#fail(session, error);
    }
  }

  /** Token ids for the first stage; runs them chunk after chunk, at most one of them ahead of the wire. */
  async prompt(message: Prompt): Promise<void> {
    const session = this.#sessions.get(message.sessionId);
    if (!session) {
      this.#miss(message, 'the session is not open here');
      return;
    }
    try {
      if (!isFirst(this.place)) throw new SessionError('bad-frame', 'a prompt is for the first stage');
      this.#checkOpen(session);
      const step = { ...message, length: message.tokens.length };
      checkContinues(session, step);
    } catch (error) {
      this.#fail(session, error);
      return;
    }
    session.position += message.tokens.length;
    const peer = nextWorker(this.place);
    let start = 0;
    let previous: Promise<void> | undefined;
    for (const length of prefillChunks(message.tokens.length, message.chunkTokens)) {
      const end = start + length;
      const running = this.#step(session, {
        position: message.position + start,
        length,
        tokenIds: message.tokens.slice(start, end),
        sample: end === message.tokens.length,
      });
      await previous;
      if (peer) await this.#components.drained(peer);
      if (session.state !== 'open') return;
      previous = running;
      start = end;
    }
    await previous;
  }

  /** Boundary tensors from the previous stage. */
  step(frame: StepFrame, arrival: FrameArrival): void {
    const session = this.#expect(frame, arrival, previousWorker(this.place));
    if (!session) return;
    try {
      this.#checkOpen(session);
      checkContinues(session, frame);
      checkBoundary(this.place.stage.boundaryIn, frame);
    } catch (error) {
      this.#fail(session, error);
      return;
    }
    session.position += frame.length;
    void this.#step(
      session,
      {
        position: frame.position,
        length: frame.length,
        boundary: frame.tensors,
        sample: frame.sample && isLast(this.place),
      },
      frame.sample,
    );
  }

  /** A token from the last stage, which the first one feeds in. */
  token(frame: TokenFrame, arrival: FrameArrival): void {
    const session = this.#expect(frame, arrival, isFirst(this.place) ? lastWorker(this.place) : undefined);
    if (session) this.#feed(session, frame.epoch, frame.position, frame.token);
  }

  /** A frame that says it is of this session can't be read. */
  badFrame(sessionId: SessionId, from: WorkerId, reason: string): void {
    const session = this.#sessions.get(sessionId);
    const isNeighbour =
      from === previousWorker(this.place) || (isFirst(this.place) && from === lastWorker(this.place));
    if (session && isNeighbour) this.#fail(session, new SessionError('bad-frame', reason));
  }

  close({ sessionId }: Pick<CloseSession, 'sessionId'>): void {
    const session = this.#sessions.get(sessionId);
    if (session) {
      this.#end(session);
      this.#release(session);
    }
    const { timings } = session ?? this.#ended.get(sessionId) ?? { timings: noTimings() };
    const { assignmentId } = this.place;
    this.#components.sendToHub({ type: 'session-closed', sessionId, assignmentId, timings });
  }

  /** Ends every session of which `concerns` says so. */
  failAll(
    code: SessionErrorCode,
    reason: string,
    concerns: (place: StagePlace) => boolean = () => true,
  ): void {
    if (!concerns(this.place)) return;
    for (const session of [...this.#sessions.values()]) this.#fail(session, new SessionError(code, reason));
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
      if (!this.#ended.has(frame.sessionId)) this.#miss(frame, 'the session is not open here');
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

  #feed(session: StageSession, epoch: number, position: number, token: number): void {
    try {
      this.#checkOpen(session);
      checkContinues(session, { epoch, position, length: 1 });
    } catch (error) {
      this.#fail(session, error);
      return;
    }
    session.position++;
    void this.#step(session, { position, length: 1, tokenIds: [token], sample: true });
  }

  /** @param sampleLater whether the last stage samples after this step; as in the request where it is the last */
  async #step(
    session: StageSession,
    request: Omit<StageStepRequest, 'cacheId' | 'epoch'>,
    sampleLater = request.sample,
  ): Promise<void> {
    try {
      const sample = request.sample && isLast(this.place);
      const { id: cacheId, epoch } = session;
      const started = performance.now();
      const result = await this.#components.stage.step({ ...request, cacheId, epoch, sample });
      if (session.state !== 'open') return;
      if (request.length === 1) {
        session.timings.tokenSteps++;
        session.timings.tokenStepsMs += Math.max(0, performance.now() - started - result.queueMs);
      }
      session.timings.steps++;
      session.timings.tokens += request.length;
      session.timings.queueMs += result.queueMs;
      session.timings.computeMs += result.computeMs;
      if (!isLast(this.place)) this.#forward(session, request, result, sampleLater);
      else if (sample) this.#sampled(session, request.position + request.length, result);
    } catch (error) {
      this.#fail(session, error);
    }
  }

  #forward(
    session: StageSession,
    { position, length }: { position: number; length: number },
    { boundary }: StageStepResult,
    sample: boolean,
  ): void {
    if (!boundary) throw new SessionError('compute-failed', 'the stage returned no boundary');
    const { id: sessionId, epoch } = session;
    const stageIndex = this.place.stageIndex + 1;
    const head = { kind: 'step', sessionId, epoch, position, stageIndex, sentAt: unixMs() } as const;
    this.#send(session, nextWorker(this.place), { ...head, length, sample, tensors: boundary });
  }

  #sampled(session: StageSession, position: number, { sampled }: StageStepResult): void {
    if (!sampled) throw new SessionError('compute-failed', 'the stage drew no token');
    const { token } = sampled;
    const { id: sessionId, epoch } = session;
    const finish = finishAt(session.limits, position, token);
    // First what the next step waits for, then the hub.
    if (!finish && isFirst(this.place)) this.#feed(session, epoch, position, token);
    else if (!finish) {
      const head = { kind: 'token', sessionId, epoch, position, stageIndex: 0, sentAt: unixMs() } as const;
      this.#send(session, workerAt(this.place, 0), { ...head, token });
    }
    this.#components.sendToHub({
      type: 'token',
      sessionId,
      epoch,
      position,
      ...sampled,
      ...(finish && { finish }),
    });
  }

  #send(session: StageSession, peer: WorkerId | undefined, frame: Frame): void {
    if (!peer) throw new SessionError('peer-unreachable', 'the pipeline has no such stage');
    const { encodeMs, bytes } = this.#components.sendFrame(peer, frame);
    session.timings.encodeMs += encodeMs;
    session.timings.bytesOut += bytes;
  }

  #miss({ sessionId, epoch }: { sessionId: SessionId; epoch: number }, reason: string): void {
    this.#report(sessionId, epoch, 'cache-miss', reason);
  }

  #fail(session: StageSession, error: unknown): void {
    if (session.state === 'ended') return;
    this.#end(session);
    this.#release(session);
    const code = sessionErrorCodes.safeParse((error as { code?: unknown } | undefined)?.code);
    this.#report(session.id, session.epoch, code.success ? code.data : 'compute-failed', messageOf(error));
  }

  #report(sessionId: SessionId, epoch: number, code: SessionErrorCode, message: string): void {
    const { assignmentId } = this.place;
    this.#components.log.warn({ sessionId, assignmentId, code }, `session failed: ${message}`);
    this.#components.sendToHub({ type: 'session-failed', sessionId, assignmentId, epoch, code, message });
  }

  #end(session: StageSession): void {
    session.state = 'ended';
    this.#sessions.delete(session.id);
    const { id, epoch, timings } = session;
    this.#ended.set(id, { id, epoch, timings });
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= maxEndedSessions) break;
      this.#ended.delete(oldest);
    }
  }

  #release({ id }: EndedSession): void {
    this.#components.stage.release(id).catch((error: unknown) => {
      this.#components.log.warn({ sessionId: id, error: messageOf(error) }, 'could not release a cache');
    });
  }
}
