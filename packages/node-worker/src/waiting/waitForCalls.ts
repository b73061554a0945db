/** `potluck worker --listen`: waits for hubs to call, and serves the one that does. */
import { protocolVersion } from '@potluck/protocol';
import type { Log } from '@potluck/worker';
import { describeDevices, type FoundDevice } from '../devices/findDevices.ts';
import { trustHub } from '../hub-certificate/trustHub.ts';
import { workerIdentity } from '../identity/workerIdentity.ts';
import { lendToHub } from '../lendToHub.ts';
import type { ListenSettings, WorkerSettings } from '../settings/settings.ts';
import { workerVersion } from '../version.ts';
import { startCallServer } from './callServer.ts';
import { testConnection } from './testConnection.ts';
import { WaitingWorker } from './waitingWorker.ts';

export interface WaitInit {
  listen: ListenSettings;
  settings: Omit<WorkerSettings, 'joining'>;
  devices: readonly FoundDevice[];
  /** Ends it. */
  signal: AbortSignal;
}

/** Resolves when the signal has ended it. @throws SettingsError if the port can't be had */
export async function waitForCalls({ log }: { log: Log }, init: WaitInit): Promise<void> {
  const { listen, settings, devices, signal } = init;
  const { name, memoryBytes, dataDirectory } = settings;
  const workerId = workerIdentity(dataDirectory);
  const worker = new WaitingWorker(
    {
      log,
      serve: async (hub, ended, observe) => {
        const { hubUrl, fingerprint } = hub;
        await trustHub({ log }, { hubUrl, fingerprint, signal: ended });
        await lendToHub({ log }, { hub, settings, devices, signal: ended, observe });
      },
    },
    { workerId, name, dataDirectory },
  );
  const server = await startCallServer(
    {
      log,
      handlers: {
        about: () => ({
          ...{ protocolVersion, version: workerVersion, workerId },
          ...{ name, device: describeDevices(devices), memoryBytes, hub: worker.hub },
        }),
        test: (call) => {
          worker.refuseOthers(call.hubId);
          return testConnection({ log }, call);
        },
        join: (call) => worker.join(call),
      },
    },
    listen,
  );
  log.info(
    { port: server.port },
    `waiting for a hub to call at port ${server.port}: add this machine there, on the page of its nodes, with the token`,
  );
  try {
    worker.resume();
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    }
  } finally {
    await server.close();
    await worker.stop(String(signal.reason));
  }
}
