/**
 * What commands that join a hub from a shell have in common; imports nothing heavy.
 *
 * @example
 * const unlock = lockDataDirectory(directory);
 * const pinned = await awaitHub({ log }, { hubUrl, fingerprint: readFingerprint(text), signal });
 */
export { CertificateError, SettingsError } from './errors.ts';
export { awaitHub, type AwaitHubInit } from './hub-certificate/awaitHub.ts';
export { readFingerprint } from './hub-certificate/fingerprint.ts';
export { lockDataDirectory } from './identity/dataDirectoryLock.ts';
export { createLogger } from './logging/createLogger.ts';
export { applyEnvironment, argument, flag } from './settings/flags.ts';
export { hubOf, type HubSettings } from './settings/hubOf.ts';
export { memorySize } from './settings/memorySize.ts';
export { logLevels, type LogLevel } from './settings/settings.ts';
