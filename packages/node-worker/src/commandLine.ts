/**
 * What commands that join a hub from a shell have in common; imports nothing heavy.
 *
 * @example
 * await runInDataDirectory(directory, async (signal) => {
 *   const pinned = await awaitHub({ log }, { hubUrl, fingerprint: readFingerprint(text), signal });
 * });
 */
export { CertificateError, SettingsError } from './errors.ts';
export { awaitHub, type AwaitHubInit } from './hub-certificate/awaitHub.ts';
export { readFingerprint } from './hub-certificate/fingerprint.ts';
export { runInDataDirectory } from './identity/runInDataDirectory.ts';
export { createLogger } from './logging/createLogger.ts';
export { argument, flag, parseFlags } from './settings/flags.ts';
export { hubOf, type HubSettings } from './settings/hubOf.ts';
export { memorySize } from './settings/memorySize.ts';
export { logLevels, type LogLevel } from './settings/settings.ts';
