/** A hub with an encoder and workers of this process that really compute it. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createStage, RunQueue, type OrtModule, type StageHost } from '@potluck/engine';
import { writeRandomEncoder, type RandomEncoderSettings } from '@potluck/onnx/testing';
import { InstanceId, WorkerId } from '@potluck/protocol';
import {
  memoryBlobStore,
  silentLog,
  startWorkerAgent,
  webSocketOpener,
  type WorkerAgent,
} from '@potluck/worker';
import WebSocket from 'ws';
import { findModelSource } from '../models/modelSource.ts';
import { startTestHub, testJoinToken, type TestHub } from './testHub.ts';

type WebSocketClass = Parameters<typeof webSocketOpener>[0];

export interface EncoderGrid {
  hub: TestHub;
  /** Imports a random encoder. @returns its id, and the directory that it came from */
  add(name: string, settings: RandomEncoderSettings): Promise<{ id: string; directory: string }>;
  /** Imports a directory. @returns the model's id */
  addDirectory(directory: string): Promise<string>;
  /** Deploys a model, and resolves when so many replicas serve. */
  serve(id: string, replicas: number): Promise<void>;
  /** Starts a worker. */
  worker(name: string, hooks?: WorkerHooks): EncoderWorker;
  close(): Promise<void>;
}

export interface WorkerHooks {
  /** Called before each text is computed. */
  beforeText?: (worker: EncoderWorker) => Promise<void> | void;
}

export interface EncoderWorker {
  /** Texts that it computed, warming up included. */
  texts: number;
  /** Cuts its connection as a machine does that loses its power. */
  cut(): void;
}

const nodeOrt = createRequire(import.meta.url)('onnxruntime-node') as OrtModule;

export async function startEncoderGrid(): Promise<EncoderGrid> {
  const hub = await startTestHub({ library: true });
  hub.deployments.undeploy('test-model');
  const folder = await mkdtemp(path.join(tmpdir(), 'potluck-encoders-'));
  const agents: WorkerAgent[] = [];
  // ONNX Runtime is called once at a time in a process.
  const queue = new RunQueue();
  const addDirectory = async (directory: string): Promise<string> => {
    const model = await hub.catalogue.import?.(await findModelSource({ directory }));
    return model?.id ?? '';
  };
  return {
    hub,
    addDirectory,
    async add(name, settings) {
      const directory = path.join(folder, name);
      await writeRandomEncoder(directory, settings);
      return { id: await addDirectory(directory), directory };
    },
    async serve(id, replicas) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const look = (): void => {
        const ready = hub.deployments.find(id)?.replicas.filter((replica) => replica.ready) ?? [];
        if (ready.length === replicas) resolve(undefined);
      };
      const stop = hub.deployments.listen({ ready: look });
      if (!hub.deployments.find(id)) await hub.operator.deploy(id, { mode: 'automatic', replicas });
      look();
      await promise;
      stop();
    },
    worker(name, { beforeText } = {}) {
      const sockets: WebSocket[] = [];
      class Socket extends WebSocket {
        constructor(...init: ConstructorParameters<typeof WebSocket>) {
          super(...init);
          sockets.push(this);
        }
      }
      const worker: EncoderWorker = {
        texts: 0,
        cut: () => {
          for (const socket of sockets) socket.terminate();
        },
      };
      const stageHost: StageHost = {
        async load(artifact, cacheBytes) {
          const options = {
            executionProviders: ['cpu'],
            cacheStrategy: 'rows',
            cacheBytes,
            threads: 1,
          } as const;
          const stage = await createStage(nodeOrt, artifact, { ...options, queue });
          return {
            ...stage,
            lost: new Promise<never>(() => undefined),
            async encode(request) {
              await beforeText?.(worker);
              worker.texts++;
              return stage.encode(request);
            },
          };
        },
      };
      const agent = startWorkerAgent(
        {
          openSocket: webSocketOpener(Socket as unknown as WebSocketClass),
          fetch,
          blobStore: memoryBlobStore(),
          stageHost,
          connector: undefined,
          log: silentLog,
        },
        {
          hubUrl: hub.url,
          token: testJoinToken,
          workerId: WorkerId.parse(randomUUID()),
          instanceId: InstanceId.parse(randomUUID()),
          name,
          kind: 'node',
          version: 'test',
          device: { kind: 'cpu', description: 'none', float16: false },
          memoryBytes: 1e9,
        },
      );
      agent.finished.catch(() => undefined);
      agents.push(agent);
      return worker;
    },
    async close() {
      await Promise.all(agents.map((agent) => agent.stop()));
      await hub.close();
      await rm(folder, { recursive: true });
    },
  };
}
