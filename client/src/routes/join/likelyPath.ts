/** What a browser found when it asked the hub's STUN responder for its addresses. */
export interface Gathered {
  /** Addresses of its own that may use UDP. */
  hosts: number;
  /** Addresses that the responder saw, where they differ from its own. */
  reflexive: number;
  /** Of its own addresses, those from which the responder did not answer. */
  errors: number;
}

/** How the data of other devices is likely to come. */
export type LikelyPath = 'direct' | 'relayed' | 'unknown';

/**
 * Where UDP gets through to the hub, it usually gets through to devices beside it.
 * @param gathered undefined where it could not be tried
 */
export function likelyPath(gathered: Gathered | undefined): LikelyPath {
  if (gathered === undefined) return 'unknown';
  const { hosts, reflexive, errors } = gathered;
  if (hosts === 0) return 'relayed';
  // An answer that names the device's own address is no candidate: only that there was no error tells of it.
  return reflexive > 0 || errors < hosts ? 'direct' : 'relayed';
}
