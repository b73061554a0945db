/** The sessions of a stage, and what is left of those that ended. */
import type { ScoredTokens } from '@potluck/engine';
import type { CacheId, Frame, OpenSession, SessionId, StageTimings, WorkerId } from '@potluck/protocol';
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

/** A frame that came before the session goes on. */
export interface EarlyFrame {
  frame: Frame;
  arrival: FrameArrival;
}

/** One session at this stage. */
export interface StageSession {
  id: SessionId;
  epoch: number;
  cacheId: CacheId;
  /** Tokens that ran or are queued. */
  position: number;
  capacity: number;
  promptLength: number;
  /** Most tokens in one step. */
  chunkTokens: number;
  limits: Pick<OpenSession, 'stopTokenIds' | 'lengthLimit'>;
  /** The whole prompt, where its tokens are to be scored. */
  scored: ScoredTokens | undefined;
  state: 'opening' | 'open' | 'ended';
  /** Set from the opening until `resume-session` where the session begins with tokens of another cache or an earlier epoch. */
  early: EarlyFrame[] | undefined;
  /** Settles when retained boundary tensors were sent again. */
  resent: Promise<void> | undefined;
  /** The next stage has the tokens before this one. */
  sendFrom: number;
  /** When its last step came back, by `performance.now()`; -Infinity before. */
  steppedAt: number;
  timings: StageTimings;
}

/** What is left of a session that ended: not its prompt. */
export type EndedSession = Pick<StageSession, 'epoch' | 'cacheId' | 'timings'>;

export class SessionTable {
  readonly #sessions = new Map<SessionId, StageSession>();
  readonly #ended = new Map<SessionId, EndedSession>();

  /** How many have not ended. */
  get count(): number {
    return this.#sessions.size;
  }

  /** How many have no more of their prompts to wait for here. */
  get answering(): number {
    let count = 0;
    for (const { position, promptLength } of this.#sessions.values()) if (position >= promptLength) count++;
    return count;
  }

  /** Those that have not ended. */
  all(): StageSession[] {
    return [...this.#sessions.values()];
  }

  /** Undefined where it has ended, or never began. */
  get(id: SessionId): StageSession | undefined {
    return this.#sessions.get(id);
  }

  /** Also one that has ended. */
  known(id: SessionId): EndedSession | undefined {
    return this.#sessions.get(id) ?? this.#ended.get(id);
  }

  /** Begins a session, in place of one of the same id: what still runs for that one counts no more. */
  begin(message: OpenSession): StageSession {
    const { sessionId: id, epoch, cacheId, capacity, promptLength, chunkTokens = Infinity } = message;
    const { stopTokenIds, lengthLimit, scores, tokens } = message;
    const session: StageSession = {
      ...{ id, epoch, cacheId, position: 0, capacity, promptLength, chunkTokens },
      limits: { stopTokenIds, lengthLimit },
      scored:
        scores === undefined
          ? undefined
          : { tokens: tokens?.slice(0, promptLength) ?? [], alternatives: scores },
      state: 'opening',
      early: undefined,
      resent: undefined,
      sendFrom: 0,
      steppedAt: -Infinity,
      timings: noTimings(),
    };
    const former = this.#sessions.get(id);
    if (former) former.state = 'ended';
    this.#ended.delete(id);
    this.#sessions.set(id, session);
    return session;
  }

  end(session: StageSession): void {
    session.state = 'ended';
    this.#sessions.delete(session.id);
    const { id, epoch, cacheId, timings } = session;
    this.#ended.set(id, { epoch, cacheId, timings });
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= maxEndedSessions) break;
      this.#ended.delete(oldest);
    }
  }
}
