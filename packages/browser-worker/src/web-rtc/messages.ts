/** What the page, which has WebRTC, and the agent's web worker tell each other about connections, over one MessagePort. */
import type { CandidatePair, WorkerId } from '@potluck/protocol';
import type { SignallingInit } from '@potluck/worker';

/** From the agent. */
export type ToPage =
  /** Join the signalling server. */
  | { type: 'join'; init: Omit<SignallingInit, 'onConnection'> }
  /** Begin a connection; `id` is the agent's, even. */
  | { type: 'call'; id: number; peer: WorkerId }
  /** End a connection. */
  | { type: 'close'; id: number }
  /** End all of them and leave the signalling server. */
  | { type: 'leave' };

/** From the page. */
export type ToAgent =
  /**
   * The activations channel of a connection, opening. `incoming` ones have odd ids, given by the page. A `channel` was
   * handed over as it is; where the browser can't do that, the page passes slices on through a `port`.
   */
  | ({ type: 'connection'; id: number; peer: WorkerId; incoming: boolean } & Carrier)
  /** The pair of candidates in use, at every change. */
  | { type: 'path'; id: number; pair: CandidatePair }
  /** The connection ended, or never began. */
  | { type: 'broken'; id: number; reason: string };

type Carrier = { channel: RTCDataChannel; port?: never } | { port: MessagePort; channel?: never };

/** On a relaying port, from the page; slices travel as bare ArrayBuffers. */
export type PortEvent =
  | { type: 'open' }
  | { type: 'closed'; reason: string }
  /** The channel has taken this many bytes, and has room for more. */
  | { type: 'taken'; bytes: number };
