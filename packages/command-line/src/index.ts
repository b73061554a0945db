/**
 * What the commands of `potluck` share: flags with their environment variables, and what flags hold. `src/models` is
 * the command `potluck models`, a client of a hub's management API.
 *
 * @example
 * const command = new Command('potluck worker').addOption(flag('--memory <size>', 'most memory').argParser(memory('8GB')));
 * const options = parseFlags<{ memory?: number }>(command, args, { write, environment: process.env });
 */
export { formatBytes } from '@potluck/api';
export { isSecret, memory, port, secret, wholeNumber } from './arguments.ts';
export { createLogger, logFlags, logSettingsOf, type LogSettings } from './createLogger.ts';
export { endedByOptions } from './endedByOptions.ts';
export { fingerprintFlag } from './fingerprintFlag.ts';
export { flag } from './flag.ts';
export { LastTrouble } from './lastTrouble.ts';
export { ownDirectory } from './ownDirectory.ts';
export { ownCommand } from './ownCommand.ts';
export { completeFlags, parseFlags } from './parseFlags.ts';
export { hubOf, readFingerprint, type HubAddress } from './hubOf.ts';
export { secretFlag } from './secretFiles.ts';
export { SettingsError } from './settingsError.ts';
