/**
 * What commands that join a hub from a shell have in common; imports nothing heavy.
 *
 * @example
 * await runInDataDirectory(directory, async (signal) => {
 *   const pinned = await awaitHub({ log }, { hubUrl, fingerprint: readFingerprint(text), signal });
 * });
 */
export { awaitHub, type AwaitHubInit } from './hub-certificate/awaitHub.ts';
export { runInDataDirectory } from './identity/runInDataDirectory.ts';
