/** `potluck worker`: reads the settings, starts the agent on this machine's device, ends when asked to. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { InstanceId } from '@potluck/protocol';
import { peerJsConnector, RefusedByHubError, startWorkerAgent, webSocketOpener } from '@potluck/worker';
import type { WebSocketClass } from '@potluck/worker';
import WebSocket from 'ws';
import { fileBlobStore } from './blobs/fileBlobStore.ts';
import { chooseDevice } from './devices/chooseDevice.ts';
import { threadStageHost } from './engine-thread/threadStageHost.ts';
import { CertificateError, DeviceError, SettingsError } from './errors.ts';
import { trustHub } from './hub-certificate/trustHub.ts';
import { runInDataDirectory } from './identity/runInDataDirectory.ts';
import { workerIdentity } from './identity/workerIdentity.ts';
import { createLogger } from './logging/createLogger.ts';
import { readSettings, type WorkerSettings } from './settings/settings.ts';
import { cleanUpWebRtc, loadPeer } from './web-rtc/loadPeer.ts';

/** What `hello` says; the package's version. */
const version = '0.1.0';

/**
 * Runs a worker until it is stopped. Problems of the person's making are printed as one line and set the exit code
 * (2: wrong flags; 1: refused by the hub, a hub that is not to be trusted, or no device); nothing is thrown for them.
 * @param args what comes after `potluck worker`
 */
export async function runWorker(args: string[]): Promise<void> {
  try {
    const settings = readSettings(args, (text) => process.stdout.write(text));
    if (settings) await runInDataDirectory(settings.dataDirectory, (stopping) => serve(settings, stopping));
  } catch (error) {
    if (error instanceof SettingsError) process.exitCode = 2;
    else if (
      error instanceof DeviceError ||
      error instanceof CertificateError ||
      error instanceof RefusedByHubError
    ) {
      process.exitCode = 1;
    } else throw error;
    process.stderr.write(`potluck worker: ${error.message}\n`);
  }
}

async function serve(settings: WorkerSettings, stopping: AbortSignal): Promise<void> {
  const log = createLogger(settings.logLevel, process.stdout.isTTY);
  try {
    await trustHub({ log }, { hubUrl: settings.hubUrl, fingerprint: settings.fingerprint, signal: stopping });
  } catch (error) {
    if (stopping.aborted) return;
    throw error;
  }
  const { device, reason } = await chooseDevice(settings.device);
  log.info({ device: device.kind, float16: device.float16, reason }, `computes with ${device.description}`);
  if (stopping.aborted) return;
  const stageHost = threadStageHost({ log }, { provider: device.kind, threads: settings.threads });
  const agent = startWorkerAgent(
    {
      openSocket: webSocketOpener(WebSocket as unknown as WebSocketClass),
      fetch,
      blobStore: await fileBlobStore(join(settings.dataDirectory, 'blobs')),
      stageHost,
      connector: peerJsConnector({ loadPeer, log }),
      log,
    },
    {
      hubUrl: settings.hubUrl,
      token: settings.token,
      workerId: workerIdentity(settings.dataDirectory),
      instanceId: InstanceId.parse(randomUUID()),
      name: settings.name,
      kind: 'node',
      version,
      device,
      memoryBytes: settings.memoryBytes,
    },
  );
  stopping.addEventListener('abort', () => {
    log.info({ signal: String(stopping.reason) }, 'stopping');
    void agent.stop('the worker was stopped');
  });
  try {
    await agent.finished;
  } finally {
    await stageHost.close();
    await cleanUpWebRtc();
    log.info({}, 'stopped');
  }
}
