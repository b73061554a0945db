/**
 * What the machine is that a hub, a worker or a headless browser runs on: its memory and processors, also where a
 * container limits them, its free disk, its proxy, which process has a data directory, and whether the hub at an address is
 * the one that was meant.
 *
 * @example
 * const lock = lockDirectory('/var/lib/potluck');
 * const memoryBytes = Math.floor(effectiveMemoryBytes() / 2);
 */
export { CertificateError } from './hub-certificate/certificateError.ts';
export { checkHub, type HubCheck } from './hub-certificate/checkHub.ts';
export { freeDiskBytes } from './disk/freeDiskBytes.ts';
export { whyUnwritable } from './disk/whyUnwritable.ts';
export {
  DirectoryInUseError,
  lockDirectory,
  lockFileNames,
  type DirectoryLock,
} from './lock/lockDirectory.ts';
export { machineId } from './identity/machineId.ts';
export { effectiveMemoryBytes } from './memory/effectiveMemory.ts';
export { limitedThreads } from './memory/limitedThreads.ts';
export { onStop } from './processes/onStop.ts';
export { hasEnded } from './processes/hasEnded.ts';
export { stopChild } from './processes/stopChild.ts';
export { environmentForChild } from './processes/environmentForChild.ts';
export { openTunnel } from './proxy/openTunnel.ts';
export { ProxySettingsError, proxyFor, proxySettings, type ProxySettings } from './proxy/proxySettings.ts';
export { useProxyForDownloads } from './proxy/useProxyForDownloads.ts';
