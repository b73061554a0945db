/** Puts the parts of a hub together around a model and a database. Opens nothing by itself. */
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import { createApp } from './app.ts';
import type { Database } from './database/database.ts';
import { Recorder } from './database/recorder.ts';
import { Generator } from './generation/generator.ts';
import { builtPagesDirectory } from './http/pages.ts';
import type { BlobStore } from './models/blobStore.ts';
import type { Model } from './models/model.ts';
import { Deployment } from './pipelines/deployment.ts';
import type { HubIdentity } from './secrets.ts';
import { SignallingRoom } from './signalling/signallingRoom.ts';
import { SignallingTokens } from './signalling/signallingTokens.ts';
import { Relay } from './workers/relay.ts';
import { WorkerRegistry } from './workers/workerRegistry.ts';
import { workerSocketRoute } from './workers/workerSocketRoute.ts';

export interface HubComponents {
  model: Model;
  blobs: BlobStore;
  database: Database;
  logger: Logger;
  /** How many workers, beside those that are here, are just being started. Default: none. */
  workersStarting?: (present: ReadonlySet<string>) => number;
}

export interface HubInit {
  identity: HubIdentity;
  forceRelay: boolean;
  /** Forced number of stages. */
  stages?: number;
  /** Silence after which a worker is gone, in milliseconds. Default 15 000. */
  leaseMs?: number;
  /** Longest time without progress in one state of an assignment, in milliseconds. Default 120 000. */
  stageDeadlineMs?: number;
  /** Requests that may wait for cache room. Default 64. */
  queueLimit?: number;
}

export interface HubParts {
  app: Hono;
  registry: WorkerRegistry;
  deployment: Deployment;
  generator: Generator;
  /** Tells all workers to go and writes what is still to be written. */
  stop(): Promise<void>;
}

const defaultLeaseMs = 15_000;
/** Compiling a large stage for a GPU, without any sign of life, was seen to take more than half a minute. */
const defaultStageDeadlineMs = 120_000;

export function assembleHub(components: HubComponents, init: HubInit): HubParts {
  const { model, blobs, database, logger } = components;
  const { identity, forceRelay } = init;
  const registry = new WorkerRegistry({ logger }, { leaseMs: init.leaseMs ?? defaultLeaseMs });
  const recorder = new Recorder(database, logger);
  const tokens = new SignallingTokens();
  const room = new SignallingRoom();
  registry.listen({
    joined: (worker) => recorder.nodeJoined(worker),
    left: (worker, reason) => {
      tokens.revoke(worker.id);
      room.expel(worker.id);
      recorder.nodeLeft(worker, reason);
    },
  });
  const namesPresent = (): Set<string> => new Set([...registry.table.values()].map(({ name }) => name));
  const deployment = new Deployment(
    { model, registry, logger, workersStarting: () => components.workersStarting?.(namesPresent()) ?? 0 },
    {
      stageDeadlineMs: init.stageDeadlineMs ?? defaultStageDeadlineMs,
      ...(init.stages === undefined ? {} : { stages: init.stages }),
    },
  );
  const generator = new Generator(
    { deployment, registry, record: (record) => recorder.record(record), logger },
    init.queueLimit === undefined ? {} : { queueLimit: init.queueLimit },
  );
  const signallingKey = 'peerjs';
  const workerSocket = workerSocketRoute(
    {
      registry,
      relay: new Relay(registry, (from, to) => deployment.areNeighbours(from, to)),
      logger,
      issueSignallingToken: (workerId) => tokens.issue(workerId),
    },
    {
      hubId: identity.hubId,
      joinToken: identity.joinToken,
      signalling: { path: '/peerjs', key: signallingKey },
      iceServers: [],
      forceRelay,
    },
  );
  const app = createApp(
    {
      registry,
      deployment,
      generator,
      database,
      recorder,
      blobs,
      workerSocket,
      signalling: { room, key: signallingKey, mayEnter: (id, token) => tokens.accepts(id, token) },
      logger,
    },
    { apiKey: identity.apiKey, joinToken: identity.joinToken, pagesDirectory: builtPagesDirectory },
  );
  return {
    app,
    registry,
    deployment,
    generator,
    stop: async () => {
      deployment.stop();
      registry.stop();
      room.stop();
      await recorder.settled();
    },
  };
}
