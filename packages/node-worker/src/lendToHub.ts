/** This machine in a hub's service, until it is stopped or the hub will not have it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { freeDiskBytes, limitedThreads, machineId } from '@potluck/machine';
import { InstanceId } from '@potluck/protocol';
import { peerJsConnector, slowConnector, startWorkerAgent, webSocketOpener } from '@potluck/worker';
import type { AgentEvent, Log, WebSocketClass } from '@potluck/worker';
import { fileBlobStore } from './blobs/fileBlobStore.ts';
import { describeDevices, type FoundDevice } from './devices/findDevices.ts';
import { deviceStageHost } from './devices/deviceStageHost.ts';
import { hubFetch } from './hub-certificate/hubFetch.ts';
import { HubWebSocket } from './hub-certificate/hubWebSocket.ts';
import { workerIdentity } from './identity/workerIdentity.ts';
import type { HubAddress } from '@potluck/command-line';
import { sameMachineConnector } from './same-machine/sameMachineConnector.ts';
import type { WorkerSettings } from './settings/settings.ts';
import { workerVersion } from './version.ts';
import { loadPeer } from './web-rtc/loadPeer.ts';

/** For `npm run bench -- grid`: what comes from other workers comes so many milliseconds later. */
const linkDelayMs = Number(process.env.POTLUCK_TEST_LINK_DELAY_MS ?? 0);

export interface LendInit {
  hub: HubAddress;
  settings: Omit<WorkerSettings, 'joining'>;
  /** The likeliest to be fast first; at least one. */
  devices: readonly FoundDevice[];
  /** Ends it, with the reason that the log gets. */
  signal: AbortSignal;
  observe?: (event: AgentEvent) => void;
}

/**
 * Serves a hub whose certificate is trusted already. Resolves when the signal has ended it.
 * @throws RefusedByHubError if the hub will not have this worker
 */
export async function lendToHub({ log }: { log: Log }, init: LendInit): Promise<void> {
  const { hub, settings, devices, signal, observe } = init;
  const blobStore = await fileBlobStore({
    directory: join(settings.dataDirectory, 'blobs'),
    shared: settings.sharedBlobs,
  });
  const workerId = workerIdentity(settings.dataDirectory);
  const connector = await sameMachineConnector({ others: peerJsConnector({ loadPeer, log }), log }, workerId);
  if (signal.aborted) {
    connector.close();
    return;
  }
  const threads = settings.threads ?? limitedThreads();
  const stageHost = deviceStageHost({ log }, { devices, threads, directory: settings.dataDirectory });
  const agent = startWorkerAgent(
    {
      openSocket: webSocketOpener(HubWebSocket as unknown as WebSocketClass),
      fetch: hubFetch,
      blobStore,
      stageHost,
      connector: linkDelayMs > 0 ? slowConnector(connector, linkDelayMs) : connector,
      log,
      processBytes: () => process.memoryUsage.rss(),
      freeDiskBytes: () => freeDiskBytes(settings.dataDirectory),
      ...(observe && { observe }),
    },
    {
      hubUrl: hub.hubUrl,
      token: hub.token,
      workerId,
      instanceId: InstanceId.parse(randomUUID()),
      name: settings.name,
      kind: 'node',
      version: workerVersion,
      device: describeDevices(devices),
      machine: machineId(),
      memoryBytes: settings.memoryBytes,
    },
  );
  signal.addEventListener('abort', () => {
    log.info({ reason: String(signal.reason) }, 'stopping');
    void agent.stop('the worker was stopped');
  });
  try {
    await agent.finished;
  } finally {
    await stageHost.close();
  }
}
