/** Places in signalling for one connection that is only tried: somebody who is no worker (yet) reaches one worker. */
import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';

export interface TrialsComponents {
  /** Who may use signalling: a token for each. */
  tokens: { issue(id: WorkerId): string; revoke(id: WorkerId): void };
  /** Ends a client's place in signalling. */
  expel: (id: WorkerId) => void;
}

export interface Trial {
  /** Who tries, for signalling only. */
  workerId: WorkerId;
  token: string;
  end(): void;
}

export class Trials {
  readonly #components: TrialsComponents;
  readonly #peers = new Map<string, string>();

  constructor(components: TrialsComponents) {
    this.#components = components;
  }

  /** True for the two ends of a trial that runs. */
  mayReach(from: string, to: string): boolean {
    return this.#peers.get(from) === to || this.#peers.get(to) === from;
  }

  /** Until it is ended, a client with this id and token may reach that peer, and be answered. */
  begin(peer: WorkerId): Trial {
    const { tokens, expel } = this.#components;
    const workerId = WorkerId.parse(randomUUID());
    this.#peers.set(workerId, peer);
    return {
      workerId,
      token: tokens.issue(workerId),
      end: () => {
        this.#peers.delete(workerId);
        tokens.revoke(workerId);
        expel(workerId);
      },
    };
  }
}
