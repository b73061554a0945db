/**
 * Checks a hub's own certificate by its fingerprint.
 *
 * @example
 * const pinned = await checkHub({ hubUrl: 'https://192.168.1.20:8443', fingerprint: readFingerprint(text) });
 */
export { checkHub, type HubCheck } from './checkHub.ts';
export { readFingerprint } from './fingerprint.ts';
