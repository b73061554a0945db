/** The links to all peers: which are wanted, and how each is reached. */
import { decodeRelay, type FromWorkerMessage, type Welcome, type WorkerId } from '@potluck/protocol';
import { deferred, type Deferred } from '../deferred.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import { callAgainDelayMs, callUntilConnected } from './callUntilConnected.ts';
import type { DirectConnector } from './directConnector.ts';
import { PeerLink } from './peerLink.ts';
import { PeerReporter } from './peerReporter.ts';
import type { PeerTransport } from './peerTransport.ts';
import { relayTransport, type RelayTransport } from './relayTransport.ts';

/** How long a direct connection may take before frames go by the relay. */
const directDeadlineMs = 5_000;
/** How long to wait with the relay after it failed itself. */
const relayAgainMs = 1_000;
const maxLinks = 64;

export interface PeerLinksComponents {
  hub: {
    send(message: FromWorkerMessage): void;
    sendBinary(bytes: Uint8Array<ArrayBuffer>): boolean;
  };
  /** Undefined where the host has no WebRTC: then everything is relayed. */
  connector: DirectConnector | undefined;
  log: Log;
}

export interface PeerLinksInit {
  hubUrl: string;
  workerId: WorkerId;
  /** Default 5 s. */
  directDeadlineMs?: number;
  /** False while sessions are open: bandwidth is measured when there are none. */
  isIdle: () => boolean;
}

export interface PeerLinksEvents {
  onFrame(peer: WorkerId, frame: Uint8Array, relayed: boolean): void;
  onBroken(peer: WorkerId, code: 'peer-unreachable' | 'bad-frame', reason: string): void;
}

/** One link with what is around it. */
interface LinkState {
  link: PeerLink;
  relay: RelayTransport | undefined;
  /** What frames left by last: when that is lost, something else may take over at once, but not the same again. */
  lastKind: PeerTransport['kind'] | undefined;
  wanted: boolean;
  ready: Deferred<void>;
  /** Ends the attempts to connect directly. */
  connecting: AbortController | undefined;
  /** Turns to the relay, unless there is another way by then. */
  relayTimer: ReturnType<typeof setTimeout> | undefined;
  reporter: PeerReporter;
}

export class PeerLinks {
  readonly #components: PeerLinksComponents;
  readonly #init: PeerLinksInit;
  readonly #events: PeerLinksEvents;
  readonly #links = new Map<WorkerId, LinkState>();
  /** What the hub said when it let this worker in; undefined while the hub is away. */
  #welcome: Welcome | undefined;
  /** Relayed messages that were dropped. */
  refusedMessages = 0;

  constructor(components: PeerLinksComponents, init: PeerLinksInit, events: PeerLinksEvents) {
    this.#components = components;
    this.#init = init;
    this.#events = events;
  }

  /** The hub is there (again). */
  onWelcome(welcome: Welcome): void {
    this.#welcome = welcome;
    const { connector, log } = this.#components;
    if (connector && !welcome.forceRelay) {
      connector
        .start({
          hubUrl: this.#init.hubUrl,
          workerId: this.#init.workerId,
          signalling: welcome.signalling,
          iceServers: welcome.iceServers,
          onTransport: (peer, transport) => this.addTransport(peer, transport),
        })
        .catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'could not join the signalling'));
    }
    for (const state of this.#links.values()) {
      if (!state.wanted || state.link.kind === 'direct') continue;
      this.#useRelay(state, 'the hub is back');
      // What was tried before may be in a long pause.
      state.connecting?.abort(new Error('the hub is back'));
      state.connecting = undefined;
      this.#connectDirectly(state);
    }
  }

  /** The hub is gone, and with it what was on the relay. */
  onHubLost(): void {
    this.#welcome = undefined;
    for (const state of this.#links.values()) {
      const { relay } = state;
      state.relay = undefined;
      relay?.end('the hub is not connected');
    }
  }

  /** Keeps links to these peers, and gives up those to others. */
  want(peers: Set<WorkerId>): void {
    for (const peer of peers) {
      const state = this.#stateOf(peer);
      if (!state || state.wanted) continue;
      state.wanted = true;
      if (state.link.kind !== 'direct') this.#reach(state);
    }
    for (const [peer, state] of this.#links) {
      if (!state.wanted || peers.has(peer)) continue;
      this.#links.delete(peer);
      state.connecting?.abort(new Error('no longer wanted'));
      clearTimeout(state.relayTimer);
      state.link.close();
    }
  }

  /** Resolves when the peer can be sent to, one way or the other. */
  ready(peer: WorkerId): Promise<void> {
    return this.#links.get(peer)?.ready.promise ?? Promise.reject(new Error('the link is not wanted'));
  }

  /** @returns false where there is no link */
  send(peer: WorkerId, sessionId: string, frame: Uint8Array<ArrayBuffer>): boolean {
    const state = this.#links.get(peer);
    state?.link.send(sessionId, frame);
    return state !== undefined;
  }

  /** Resolves when little is queued for the peer. */
  drained(peer: WorkerId): Promise<void> | undefined {
    return this.#links.get(peer)?.link.drained();
  }

  /** Takes a relayed message from the hub. */
  receiveRelay(message: Uint8Array<ArrayBuffer>): void {
    try {
      const { peer, slice } = decodeRelay(message);
      const state = this.#stateOf(peer);
      if (!state) throw new Error(`more than ${maxLinks} peers`);
      const relay = this.#relayOf(state);
      // A copy of its own: 16 bytes into the message, tensors would lie well, but the id's bytes are not theirs to give away.
      relay.receive(slice.slice());
    } catch (error) {
      this.refusedMessages++;
      this.#components.log.warn({ reason: messageOf(error) }, 'refused a relayed message');
    }
  }

  /** A connection to a peer is open. */
  addTransport(peer: WorkerId, transport: PeerTransport): void {
    const state = this.#stateOf(peer);
    if (state) state.link.add(transport);
    else transport.close();
  }

  close(): void {
    this.want(new Set());
    for (const { link } of this.#links.values()) link.close();
    this.#links.clear();
    this.#components.connector?.close();
  }

  #stateOf(peer: WorkerId): LinkState | undefined {
    const known = this.#links.get(peer);
    if (known) return known;
    if (this.#links.size >= maxLinks && !this.#evictUnwanted()) return undefined;
    const { hub, log } = this.#components;
    const link = new PeerLink(
      {
        peer,
        log,
        probe: { waitTicks: this.#init.workerId < peer ? 1 : 2, mayStart: this.#init.isIdle },
      },
      {
        onFrame: (frame, relayed) => this.#events.onFrame(peer, frame, relayed),
        onBroken: (code, reason) => this.#events.onBroken(peer, code, reason),
        onTransport: (kind, reason) => this.#onTransport(state, kind, reason),
        onRoundTrip: (milliseconds) => reporter.roundTrip(milliseconds),
        onPath: () => void reporter.findCandidatePair(),
        onBandwidth: (bytesPerSecond) => reporter.bandwidth(bytesPerSecond),
      },
    );
    const reporter = new PeerReporter({ hub, link, log });
    const state: LinkState = {
      link,
      reporter,
      relay: undefined,
      lastKind: undefined,
      wanted: false,
      ready: deferred<void>(),
      connecting: undefined,
      relayTimer: undefined,
    };
    this.#links.set(peer, state);
    return state;
  }

  /** Makes room: links that only the peer wanted are the first to go. */
  #evictUnwanted(): boolean {
    const found = [...this.#links].find(([, { wanted }]) => !wanted);
    if (!found) return false;
    this.#links.delete(found[0]);
    found[1].link.close();
    return true;
  }

  #reach(state: LinkState): void {
    state.reporter.report('connecting', undefined);
    if (!this.#components.connector) {
      this.#useRelay(state, 'this worker has no WebRTC');
    } else if (this.#welcome?.forceRelay) {
      this.#useRelay(state, 'the hub asks for the relay');
    } else {
      const deadlineMs = this.#init.directDeadlineMs ?? directDeadlineMs;
      this.#useRelayAfter(state, deadlineMs, `no direct connection within ${deadlineMs} ms`);
      this.#connectDirectly(state);
    }
  }

  /**
   * Tries until there is a direct connection or no hub; the worker with the lower id is the one that calls.
   * @param delayMs before the first try
   */
  #connectDirectly(state: LinkState, delayMs = 0): void {
    const { connector, log } = this.#components;
    const { peer } = state.link;
    if (!connector || !this.#welcome || this.#welcome.forceRelay) return;
    if (state.connecting || this.#init.workerId > peer) return;
    const controller = new AbortController();
    const { signal } = controller;
    state.connecting = controller;
    const isWanted = (): boolean => this.#welcome !== undefined && state.link.kind !== 'direct';
    void callUntilConnected({ connector, log }, { peer, delayMs, isWanted, signal })
      .catch(() => undefined) // Given up.
      .then((transport) => {
        if (state.connecting === controller) state.connecting = undefined;
        if (signal.aborted) transport?.close();
        else if (transport) state.link.add(transport);
      });
  }

  /** Turns to the relay later, unless there is another way by then. */
  #useRelayAfter(state: LinkState, delayMs: number, reason: string): void {
    clearTimeout(state.relayTimer);
    state.relayTimer = setTimeout(() => this.#useRelay(state, reason), delayMs);
  }

  #useRelay(state: LinkState, reason: string): void {
    if (state.link.kind !== undefined || !this.#welcome) return;
    this.#relayOf(state);
    if (state.link.kind === 'relayed') state.reporter.report('relayed', reason);
  }

  #relayOf(state: LinkState): RelayTransport {
    if (state.relay && !state.relay.closed) return state.relay;
    const relay = relayTransport(state.link.peer, (bytes) => this.#components.hub.sendBinary(bytes));
    state.relay = relay;
    state.link.add(relay);
    return relay;
  }

  #onTransport(state: LinkState, kind: PeerTransport['kind'] | undefined, reason: string | undefined): void {
    if (this.#links.get(state.link.peer) !== state) return;
    state.reporter.turned(kind ?? 'lost', reason);
    const { lastKind } = state;
    state.lastKind = kind;
    if (kind === undefined) {
      if (!state.wanted) {
        this.#links.delete(state.link.peer);
        state.link.close();
        return;
      }
      // Never from in here: this runs inside the failure of what would be tried again.
      const delayMs = lastKind === 'relayed' ? relayAgainMs : 0;
      this.#useRelayAfter(state, delayMs, reason ?? 'the connection was lost');
      this.#connectDirectly(state, callAgainDelayMs(1));
      return;
    }
    clearTimeout(state.relayTimer);
    state.ready.resolve();
    if (kind === 'relayed' && state.wanted) this.#connectDirectly(state);
    void state.reporter.findCandidatePair();
  }
}
