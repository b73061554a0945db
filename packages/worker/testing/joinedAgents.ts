/** Agents in this process, on a scripted hub, with counting stages. */
import { randomBytes, randomUUID } from 'node:crypto';
import { InstanceId, WorkerId, type Assign, type BlobRef, type StageDescription } from '@potluck/protocol';
import WebSocket from 'ws';
import {
  startWorkerAgent,
  type WorkerAgent,
  type WorkerAgentComponents,
  type WorkerAgentInit,
} from '../src/agent.ts';
import { memoryBlobStore, type MemoryBlobStore } from '../src/blobs/memoryBlobStore.ts';
import { webSocketOpener, type WebSocketClass } from '../src/hub-connection/hubSocket.ts';
import { silentLog } from '../src/log.ts';
import { echoStage, echoStageHost, type EchoStageHost } from './echoStageHost.ts';
import {
  startScriptedHub,
  type ScriptedHub,
  type ScriptedHubInit,
  type ScriptedWorker,
} from './scriptedHub.ts';

const running: { stop(): Promise<void> }[] = [];

/** Ends everything that was started here; for `afterEach`. */
export async function stopAll(): Promise<void> {
  for (const one of running.splice(0).reverse()) await one.stop();
}

export interface Joined {
  agent: WorkerAgent;
  worker: ScriptedWorker;
  host: EchoStageHost;
  store: MemoryBlobStore;
}

export async function startHub(init?: ScriptedHubInit): Promise<ScriptedHub> {
  const hub = await startScriptedHub(init);
  running.push(hub);
  return hub;
}

export function startAgent(
  hub: ScriptedHub,
  init: Partial<WorkerAgentInit> = {},
  components: Partial<WorkerAgentComponents> = {},
): Omit<Joined, 'worker'> {
  const host = echoStageHost();
  const store = memoryBlobStore();
  const agent = startWorkerAgent(
    {
      openSocket: webSocketOpener(WebSocket as unknown as WebSocketClass),
      fetch,
      blobStore: store,
      stageHost: host,
      connector: undefined,
      log: silentLog,
      random: () => 0,
      ...components,
    },
    {
      hubUrl: hub.url,
      token: hub.token,
      workerId: WorkerId.parse(randomUUID()),
      instanceId: InstanceId.parse(randomUUID()),
      name: 'tester',
      kind: 'node',
      version: 'test',
      device: { kind: 'cpu', description: 'none', float16: false },
      memoryBytes: 1e9,
      ...init,
    },
  );
  agent.finished.catch(() => undefined);
  running.push({ stop: () => agent.stop() });
  return { agent, host, store };
}

export async function join(
  hub: ScriptedHub,
  ...rest: [Partial<WorkerAgentInit>?, Partial<WorkerAgentComponents>?]
): Promise<Joined> {
  const started = startAgent(hub, ...rest);
  return { ...started, worker: await hub.worker() };
}

/** Cuts a model of six layers into as many stages as there are workers. */
export function cut(
  count: number,
  graph: BlobRef,
  options: { packs?: BlobRef[]; width?: number } = {},
): StageDescription[] {
  return Array.from({ length: count }, (_, index) =>
    echoStage({
      layerCount: 6,
      firstLayer: Math.floor((6 * index) / count),
      lastLayer: Math.floor((6 * (index + 1)) / count) - 1,
      graph,
      ...options,
    }),
  );
}

export async function pipeline(
  hub: ScriptedHub,
  count: number,
  options: { width?: number } = {},
): Promise<{ joined: Joined[]; workers: ScriptedWorker[]; assigns: Assign[] }> {
  const joined: Joined[] = [];
  for (let index = 0; index < count; index++) joined.push(await join(hub));
  const workers = joined.map(({ worker }) => worker);
  const stages = cut(count, hub.addBlob(randomBytes(100)), options);
  const assigns = await hub.deploy(
    stages.map((stage, index) => ({ worker: workers[index] as ScriptedWorker, stage })),
  );
  return { joined, workers, assigns };
}
