/** Carries frames between the stages of this worker and its peers. */
import {
  decodeFrame,
  encodeFrame,
  ProtocolError,
  readUuid,
  SessionId,
  type Frame,
  type WorkerId,
} from '@potluck/protocol';
import type { Assignment } from '../assignment/assignment.ts';
import { unixMs } from '../clock.ts';
import { SessionError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { FrameDeparture } from './stageOutput.ts';
import type { FrameArrival } from './sessionTable.ts';

/** Bytes of a frame up to the end of its session's id. */
const sessionIdEnd = 24;

export interface FrameRouterComponents {
  /** Stages of this worker. */
  assignments: ReadonlyMap<string, Pick<Assignment, 'sessions' | 'message'>>;
  /** @returns false where there is no link */
  sendToPeer(peer: WorkerId, sessionId: SessionId, bytes: Uint8Array<ArrayBuffer>): boolean;
  log: Log;
}

export class FrameRouter {
  readonly #components: FrameRouterComponents;
  readonly #workerId: WorkerId;
  /** Frames that were refused or dropped. */
  refused = 0;

  constructor(components: FrameRouterComponents, { workerId }: { workerId: WorkerId }) {
    this.#components = components;
    this.#workerId = workerId;
  }

  /** @throws SessionError if there is no way to the peer */
  send(peer: WorkerId, frame: Frame): FrameDeparture {
    if (peer === this.#workerId) {
      // Two stages of one pipeline in this worker: nothing to write.
      const arrival = { from: peer, arrivedAt: unixMs(), decodeMs: 0, bytes: 0, relayed: false };
      queueMicrotask(() => this.#deliver(frame, arrival));
      return { encodeMs: 0, bytes: 0 };
    }
    const started = performance.now();
    const bytes = encodeFrame(frame);
    const encodeMs = performance.now() - started;
    if (!this.#components.sendToPeer(peer, frame.sessionId, bytes)) {
      throw new SessionError('peer-unreachable', 'there is no connection', { peer });
    }
    return { encodeMs, bytes: bytes.byteLength };
  }

  /** Takes the bytes of a frame from a peer; what can't be read fails the session that it names. */
  receive(from: WorkerId, bytes: Uint8Array, relayed: boolean): void {
    const started = performance.now();
    try {
      const frame = decodeFrame(bytes);
      const now = performance.now();
      this.#deliver(frame, {
        from,
        arrivedAt: performance.timeOrigin + started,
        decodeMs: now - started,
        bytes: bytes.byteLength,
        relayed,
      });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { assignments, log } = this.#components;
      this.refused++;
      log.warn({ peer: from, reason: error.message }, 'refused a frame of a peer');
      if (bytes.byteLength < sessionIdEnd) return;
      const sessionId = SessionId.parse(readUuid(bytes, 8));
      for (const { sessions } of assignments.values()) {
        sessions?.badFrame(sessionId, from, error.message);
      }
    }
  }

  #deliver(frame: Frame, arrival: FrameArrival): void {
    const { assignments, log } = this.#components;
    const here = [...assignments.values()].filter(
      ({ sessions, message }) => sessions && message.stageIndex === frame.stageIndex,
    );
    // Assignments of two epochs may be here at once: the session may have ended in one and run in the other.
    const one =
      here.find(({ sessions }) => sessions?.runs(frame.sessionId)) ??
      here.find(({ sessions }) => sessions?.has(frame.sessionId)) ??
      here[0];
    const sessions = one?.sessions;
    if (!sessions) {
      this.refused++;
      log.warn(
        { peer: arrival.from, sessionId: frame.sessionId },
        'dropped a frame for a stage that is not here',
      );
    } else if (frame.kind === 'step') sessions.step(frame, arrival);
    else sessions.token(frame, arrival);
  }
}
