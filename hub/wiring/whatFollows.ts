/**
 * What follows what: for each thing that happens in a hub, who is told of it, in this order. These parts know nothing of
 * each other; what one must have done before the next is told is written here and nowhere else.
 */
import type { Snapshot } from '@potluck/api';
import type { Logger } from 'pino';
import type { SignallingTokens } from '../accounts/signallingTokens.ts';
import type { Database } from '../database/database.ts';
import type { WriteQueue } from '../files/writeQueue.ts';
import type { Encodings } from '../generation/encodings/encodings.ts';
import type { Generator } from '../generation/generator.ts';
import type { HubMetrics } from '../live/metrics/hubMetrics.ts';
import type { History } from '../live/history.ts';
import type { LiveState } from '../live/liveState.ts';
import type { StateClock } from '../live/stateClock.ts';
import { viewActivity } from '../live/views/activityView.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { Imports } from '../models/imports/imports.ts';
import type { SignallingRoom } from '../network/signalling/signallingRoom.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import type { Pipeline } from '../pipelines/pipeline.ts';
import type { HubSettings } from '../settings/hubSettings.ts';
import type { NodeBook } from '../workers/nodeBook.ts';
import type { NodeStatistics } from '../workers/nodeStatistics.ts';
import type { SpeedBook } from '../workers/speedBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import { noteBlobs } from './noteBlobs.ts';
import { forgetServingNode, keepServingNodes } from './servingNodes.ts';
import { noteSpeeds } from './noteSpeeds.ts';

export interface FollowedParts {
  metrics: HubMetrics;
  registry: WorkerRegistry;
  nodes: NodeBook;
  deployments: Deployments;
  generator: Generator;
  encodings: Encodings;
  settings: HubSettings;
  catalogue: Catalogue;
  imports: Imports;
  tokens: SignallingTokens;
  room: SignallingRoom;
  speeds: SpeedBook;
  statistics: NodeStatistics;
  live: LiveState;
  history: Pick<History, 'note'>;
  states: Pick<StateClock, 'forget'>;
  database: Pick<Database, 'nodes' | 'values'>;
  writes: WriteQueue;
  logger: Logger;
}

/** Connects the parts for as long as the hub runs. Called once, before anybody can join or ask. */
export function whatFollows(parts: FollowedParts): void {
  const { registry, nodes, deployments, generator, encodings, settings, catalogue, imports } = parts;
  const { tokens, room, statistics, live, history, states, metrics, database, writes, logger } = parts;
  const blobs = noteBlobs(parts);
  const speeds = noteSpeeds(parts);
  const touch = (kind: keyof Snapshot, keys: readonly string[]): void => {
    for (const key of keys) live.touch(kind, key);
  };
  /** One step that fails keeps none of the others from being done. */
  const inOrder = (...steps: (() => unknown)[]): void => {
    for (const step of steps) {
      try {
        step();
      } catch (error) {
        logger.error({ error }, 'a part of the hub failed at what another one told it');
      }
    }
  };

  registry.listen({
    joined: (worker) =>
      inOrder(
        // Its name first: the others say it.
        () => nodes.joined(worker),
        () => writes.write('a node', () => database.nodes.joined(worker)),
        // Kept behind the node itself.
        () => nodes.of(worker.id).mode === 'waiting' && nodes.change(worker.id, {}),
        () => deployments.workers.joined(worker),
        () => live.touch('nodes', worker.id),
        () => history.note('node-joined', { node: worker.name, detail: { version: worker.version } }),
      ),
    changed: ({ id }) => live.touch('nodes', id),
    leaving: (worker) => deployments.workers.leaving(worker),
    left: (worker, reason, how) =>
      inOrder(
        // Nobody reaches its peers in its name any more, before anything else is done.
        () => tokens.revoke(worker.id),
        () => room.expel(worker.id),
        () => writes.write('a node', () => database.nodes.left(worker, reason)),
        // Ends the answers that ran through it, and puts other workers in its place.
        () => deployments.workers.left(worker, reason, how),
        () => {
          if (how !== 'left' || registry.isStopped) return;
          writes.write('which nodes serve', () => forgetServingNode(database.values, worker.id));
        },
        () => generator.workerLeft(worker.id),
        () => statistics.workerLeft(worker.id),
        () => metrics.workerLeft(worker),
        () => live.end('nodes', worker.id, { type: 'node-left', id: worker.id, name: worker.name, reason }),
        () => states.forget(worker.id),
        () =>
          history.note(how === 'left' ? 'node-left' : 'node-lost', { node: worker.name, detail: { reason } }),
        // Links to it are gone.
        () => touch('nodes', [...worker.peers.keys()]),
      ),
    message: (worker, message) => {
      if (message.type === 'encoded' || message.type === 'encode-failed')
        encodings.received(worker.id, message);
      else if (message.type !== 'stage-report') generator.received(worker.id, message);
      else {
        inOrder(
          // How fast a stage was when it was tried comes first: once it is ready, the pipeline may move to it at once.
          () => speeds.tried(worker, message),
          () => deployments.workers.reported(worker, message),
          () => blobs(worker, message),
        );
      }
    },
  });

  nodes.listen((id, policy, before) =>
    inOrder(
      () => deployments.workers.decided(id, policy, before),
      () => live.touch('nodes', id),
    ),
  );

  deployments.listen({
    ready: (replica, pipeline) =>
      inOrder(
        () => generator.pipelineReady(replica, pipeline),
        () => encodings.pipelineReady(replica, pipeline),
        () => metrics.pipelineReady(replica),
        () => writes.write('which nodes serve', () => keepServingNodes(database.values, deployments.list)),
        () =>
          history.note('model-ready', {
            model: replica.model.package.id,
            detail: { nodes: namesIn(pipeline) },
          }),
      ),
    updated: (_replica, pipeline) => inOrder(() => generator.pipelineUpdated(pipeline)),
    lost: (replica, pipeline, reason) =>
      inOrder(
        () => generator.pipelineLost(pipeline, reason),
        () => encodings.pipelineLost(pipeline),
        () => metrics.pipelineLost(replica),
        () =>
          history.note('model-lost', {
            model: replica.model.package.id,
            detail: { reason, nodes: namesIn(pipeline), ...(replica.isMoving && { moves: 'yes' }) },
          }),
      ),
    judged: ({ model }, { beforeMs, promisedMs, measuredMs, didPay }) =>
      history.note('model-moved', {
        model: model.package.id,
        detail: {
          before: beforeMs.toFixed(1),
          promised: promisedMs.toFixed(1),
          measured: measuredMs.toFixed(1),
          paid: didPay ? 'yes' : 'no',
        },
      }),
    changed: (model, workers) => {
      // Another one may be the default now.
      live.touch('deployments', model);
      live.touchAll('deployments');
      live.touch('models', model);
      // One that is at rest is the default now.
      if (deployments.list.length === 0) live.touchAll('models');
      touch('nodes', workers);
      encodings.changed(model);
    },
  });

  /** Places in the queue change with who comes, and who goes. */
  const touchQueue = (model: string): void => {
    for (const one of generator.running)
      if (one.model === model && one.isQueued) live.touch('requests', one.id);
  };
  generator.listen({
    grew: (generation) => {
      live.touch('requests', generation.id);
      if (generation.tokens.length > 0) return;
      const { model, workerIds } = generation;
      touchQueue(model);
      live.touch('deployments', model);
      touch('nodes', workerIds);
    },
    ended: (generation, record) =>
      inOrder(
        () => speeds.served(record, generation.hadCompany),
        () => statistics.requestEnded(record.stages),
        () => metrics.requestEnded(record),
        () =>
          live.end('requests', generation.id, {
            type: 'request',
            request: viewActivity(generation, record),
          }),
        () => live.touch('deployments', generation.model),
        () => touchQueue(generation.model),
        () => touch('nodes', generation.workerIds),
      ),
  });

  // Another model may be the default now.
  settings.listen(() => {
    live.touchAll('deployments');
    live.touchAll('models');
  });
  catalogue.listen((id) => live.touch('models', id));
  imports.listen((id) => live.touch('imports', id));
}

function namesIn({ stages }: Pipeline): string {
  return [...new Set(stages.map(({ workerName }) => workerName))].join(', ');
}
