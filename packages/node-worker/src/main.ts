/** `potluck worker`: reads the settings, starts the agent on this machine's device, ends when asked to. */
import { createLogger, SettingsError } from '@potluck/command-line';
import { CertificateError, effectiveMemoryBytes, ProxySettingsError, proxySettings } from '@potluck/machine';
import { refusedExitCode } from '@potluck/protocol';
import { RefusedByHubError } from '@potluck/worker';
import { describeDevices, findDevices } from './devices/findDevices.ts';
import { DeviceError } from './errors.ts';
import { trustHub } from './hub-certificate/trustHub.ts';
import { runInDataDirectory } from './identity/runInDataDirectory.ts';
import { lendToHub } from './lendToHub.ts';
import { memoryToOffer } from './settings/memoryToOffer.ts';
import { readSettings, type WorkerSettings } from './settings/settings.ts';
import { waitForCalls } from './waiting/waitForCalls.ts';
import { watchLoop } from './watchdog/watchLoop.ts';
import { cleanUpWebRtc } from './web-rtc/loadPeer.ts';

/**
 * Runs a worker until it is stopped. Problems of the person's making are printed as one line and set the exit code
 * (2: wrong flags; 3: refused by the hub; 1: a hub that is not to be trusted, or no device); nothing is thrown for them.
 * @param args what comes after `potluck worker`
 */
export async function runWorker(args: string[]): Promise<void> {
  try {
    const settings = readSettings(args, (text) => process.stdout.write(text));
    proxySettings();
    if (!settings) return;
    watchLoop();
    await runInDataDirectory(settings.dataDirectory, (stopping) => serve(settings, stopping));
  } catch (error) {
    if (error instanceof SettingsError || error instanceof ProxySettingsError) process.exitCode = 2;
    else if (error instanceof RefusedByHubError) process.exitCode = refusedExitCode;
    else if (error instanceof DeviceError || error instanceof CertificateError) process.exitCode = 1;
    else throw error;
    process.stderr.write(`potluck worker: ${error.message}\n`);
  }
}

async function serve({ joining, ...settings }: WorkerSettings, signal: AbortSignal): Promise<void> {
  const log = await createLogger({ ...settings, to: 1, isTerminal: process.stdout.isTTY });
  if ('hub' in joining) {
    try {
      await trustHub({ log }, { ...joining.hub, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
  }
  const { devices, reason } = await findDevices(settings);
  const { description, float16 } = describeDevices(devices);
  log.info({ devices: devices.map(({ kind }) => kind), float16, reason }, `computes with ${description}`);
  if (signal.aborted) return;
  const hasGpu = devices.some(({ kind }) => kind !== 'cpu');
  const offer = memoryToOffer({
    wantedBytes: settings.memoryBytes,
    machineBytes: effectiveMemoryBytes(),
    hasGpu,
  });
  if (offer.warning !== undefined) log.warn({}, offer.warning);
  settings.memoryBytes = offer.bytes;
  try {
    if ('hub' in joining) await lendToHub({ log }, { hub: joining.hub, settings, devices, signal });
    else await waitForCalls({ log }, { listen: joining.listen, settings, devices, signal });
  } finally {
    await cleanUpWebRtc();
    log.info({}, 'stopped');
  }
}
