/** The sessions of a stage, and what is left of those that ended. */
import type { OpenSession, SessionId, StageTimings } from '@potluck/protocol';
import { noTimings } from './timings.ts';

/** Sessions remembered after their end, so that their late frames are dropped in silence. */
const maxEndedSessions = 1024;

/** One session at this stage. */
export interface StageSession {
  id: SessionId;
  epoch: number;
  /** Tokens that ran or are queued. */
  position: number;
  capacity: number;
  /** Most tokens in one step. */
  chunkTokens: number;
  limits: Pick<OpenSession, 'stopTokenIds' | 'lengthLimit'>;
  state: 'opening' | 'open' | 'ended';
  timings: StageTimings;
}

/** What is left of a session that ended: not its prompt. */
export type EndedSession = Pick<StageSession, 'id' | 'epoch' | 'timings'>;

export class SessionTable {
  readonly #sessions = new Map<SessionId, StageSession>();
  readonly #ended = new Map<SessionId, EndedSession>();

  /** How many have not ended. */
  get count(): number {
    return this.#sessions.size;
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
    const { sessionId: id, epoch, capacity, chunkTokens = Infinity, stopTokenIds, lengthLimit } = message;
    const session: StageSession = {
      ...{ id, epoch, position: 0, capacity, chunkTokens, limits: { stopTokenIds, lengthLimit } },
      state: 'opening',
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
    const { id, epoch, timings } = session;
    this.#ended.set(id, { id, epoch, timings });
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= maxEndedSessions) break;
      this.#ended.delete(oldest);
    }
  }
}
