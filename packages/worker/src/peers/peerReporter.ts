/** What the hub is told of the way to one peer: how it is reached, why so, and what was measured there. */
import type { CandidatePair, FromWorkerMessage, PeerReport } from '@potluck/protocol';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import type { PeerLink } from './peerLink.ts';
import { RoundTrips } from './roundTrips.ts';

export interface PeerReporterComponents {
  hub: { send(message: FromWorkerMessage): void };
  link: Pick<PeerLink, 'peer' | 'kind' | 'candidatePair'>;
  log: Log;
}

export class PeerReporter {
  readonly #components: PeerReporterComponents;
  #roundTrips = new RoundTrips();
  #bytesPerSecond: number | undefined;
  /** Of a direct connection. */
  #candidatePair: CandidatePair | undefined;
  /** How it is reached, as the hub knows it, and why so. */
  #reported: PeerReport['state'] | undefined;
  #reason: string | undefined;

  constructor(components: PeerReporterComponents) {
    this.#components = components;
  }

  /** The peer is reached in another way: what was measured on the former one says nothing of it. */
  turned(state: PeerReport['state'], reason: string | undefined): void {
    this.#candidatePair = undefined;
    this.#bytesPerSecond = undefined;
    if (state !== 'lost') this.#roundTrips = new RoundTrips();
    this.report(state, reason);
  }

  roundTrip(milliseconds: number): void {
    if (!this.#roundTrips.add(milliseconds)) return;
    this.#measured();
    void this.findCandidatePair();
  }

  bandwidth(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#measured();
  }

  /** Tells the hub between which addresses a direct connection runs, when that changed. */
  async findCandidatePair(): Promise<void> {
    const { link, log } = this.#components;
    const found = await link.candidatePair().catch((error: unknown) => {
      log.debug({ peer: link.peer, reason: messageOf(error) }, 'no candidate pair');
      return undefined;
    });
    if (found === undefined || link.kind !== 'direct') return;
    if (JSON.stringify(found) === JSON.stringify(this.#candidatePair)) return;
    this.#candidatePair = found;
    this.report('direct', this.#reason);
  }

  report(state: PeerReport['state'], reason: string | undefined): void {
    const { hub, link, log } = this.#components;
    const { peer } = link;
    const { told: roundTripMs } = this.#roundTrips;
    const bytesPerSecond = this.#bytesPerSecond;
    const candidatePair = this.#candidatePair;
    // What is measured changes all the time: no line in a log for each.
    const level = this.#reported === state && this.#reason === reason ? 'debug' : 'info';
    this.#reported = state;
    this.#reason = reason;
    log[level]({ peer, state, reason, roundTripMs, bytesPerSecond, candidatePair }, `peer ${state}`);
    hub.send({
      type: 'peer-report',
      peer,
      state,
      ...(reason !== undefined && { reason }),
      ...(roundTripMs !== undefined && { roundTripMs }),
      ...(bytesPerSecond !== undefined && { bytesPerSecond }),
      ...(candidatePair !== undefined && { candidatePair }),
    });
  }

  #measured(): void {
    const { kind } = this.#components.link;
    if (kind) this.report(kind, this.#reason);
  }
}
