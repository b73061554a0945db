/** What workers are told to use to find a way to each other. */
import type { IceServers } from '@potluck/protocol';

/** TURN servers of the flags, for workers that find no direct way. */
export interface TurnConfig {
  /** URLs (RFC 7065). */
  turn?: string[];
  turnUsername?: string;
  turnCredential?: string;
}

export interface IceServersInit extends TurnConfig {
  /** Port of the hub's own STUN responder; undefined where there is none. */
  stunPort?: number;
}

/** A TURN server of the settings, beside those of the flags. */
export type TurnServer = Required<IceServers[number]>;

/**
 * @param hubHost how the worker reaches the hub, as its request's Host header says, port included: there it also
 *   reaches the STUN responder
 * @param turnServer of the settings
 */
export function iceServers(
  init: IceServersInit,
  hubHost: string | undefined,
  turnServer?: TurnServer,
): IceServers {
  const { stunPort, turn, turnUsername, turnCredential } = init;
  const host = hubHost === undefined ? undefined : URL.parse(`http://${hubHost}`)?.hostname;
  return [
    ...(stunPort !== undefined && host ? [{ urls: [`stun:${host}:${stunPort}`] }] : []),
    ...(turn ? [{ urls: turn, username: turnUsername ?? '', credential: turnCredential ?? '' }] : []),
    ...(turnServer ? [turnServer] : []),
  ];
}
