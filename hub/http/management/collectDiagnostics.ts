/** Looks at a hub and its machine: everything that a report of a problem should have, and no secrets. */
import { access, constants, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import type { Diagnostics } from '@potluck/api';
import type { LoopDelay } from '../../live/loopDelay.ts';
import { viewNode, type NodeViewComponents } from '../../live/views/nodeView.ts';
import { hubVersion } from '../../network/hubVersion.ts';
import { missingOf } from '../../pipelines/deployment.ts';
import { viewCertificate } from './certificateView.ts';
import type { ReachabilityComponents } from './reachability.ts';
import { findProblems } from './findProblems.ts';

/** What the hub that leads knows of what several hubs share. */
export interface SharedState {
  /** Where the other hubs reach it. */
  leader: string;
  /** Where those are that said lately that they are there. */
  present: string[];
  epoch: number;
  leaseSeconds: number;
  redisAnswers: boolean;
  /** What is wrong; undefined while all is well. */
  trouble: string | undefined;
}

export interface DiagnosticsComponents extends NodeViewComponents {
  reachability: ReachabilityComponents;
  loopDelay: Pick<LoopDelay, 'now'>;
  dataDirectory: string;
  /** Where the hub keeps everything, and why nothing can be kept; no trouble while all is well. */
  storage: () => Promise<{ kind: Diagnostics['database']['kind']; trouble: string | undefined }>;
  /** Of several hubs that serve one grid, as this one sees them; undefined: it is alone. */
  hubs?: (() => SharedState) | undefined;
  /** Last lines of the log that say warn, error or fatal. */
  lastTrouble: () => readonly string[];
}

export async function collectDiagnostics(components: DiagnosticsComponents): Promise<Diagnostics> {
  const { registry, deployments, reachability, loopDelay, dataDirectory, lastTrouble, storage } = components;
  const reach = reachability.reachability();
  const https = reachability.https();
  const { p99, max } = loopDelay.now();
  const { kind: databaseKind, trouble: databaseTrouble } = await storage();
  const hubs = components.hubs?.();
  const names = new Map([...registry.table.values()].map(({ id, name }) => [id as string, name]));
  const found: Omit<Diagnostics, 'problems'> = {
    madeAt: Date.now(),
    hub: {
      version: hubVersion,
      node: process.versions.node,
      system: `${process.platform} ${process.arch}`,
      processors: availableParallelism(),
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
      usedMemoryBytes: process.memoryUsage.rss(),
      startedAt: Math.round(performance.timeOrigin),
      eventLoopDelayMs: { p99, max },
      clockJumpMs: Math.round(Date.now() - performance.timeOrigin - performance.now()),
    },
    disk: await lookAtDisk(dataDirectory),
    database: { kind: databaseKind, trouble: databaseTrouble ?? null },
    hubs: hubs ? { ...hubs, trouble: hubs.trouble ?? null } : null,
    network: {
      httpPort: reach.httpPort,
      httpsPort: reach.httpsPort ?? null,
      knownHttpsPort: https?.knownPort ?? null,
      addresses: [...reach.hosts],
      publicUrls: (reach.publicAddresses ?? []).map(({ url }) => url),
    },
    certificate: https ? viewCertificate(https, reach.hosts) : null,
    nodes: [...registry.table.values()].map((worker) => {
      const { name, kind, version, device, memoryBytes, role, joinedAt, peers } = viewNode(
        components,
        worker,
      );
      return {
        ...{ name, kind, version, memoryBytes, joinedAt },
        device: `${device.kind}: ${device.description}`,
        state: worker.isLeaving ? 'leaving' : role,
        links: peers.map(({ id, state, roundTripMs, reason }) => ({
          to: names.get(id) ?? 'a device that left',
          ...{ state, roundTripMs, reason },
        })),
      };
    }),
    models: deployments.list.map((deployment) => ({
      model: deployment.model.package.id,
      replicas: deployment.replicas.length,
      missing: deployment.replicas.some(({ ready }) => ready) ? null : (missingOf(deployment) ?? null),
    })),
    lastTrouble: [...lastTrouble()],
  };
  const { madeAt, ...rest } = found;
  return { madeAt, problems: findProblems(found), ...rest };
}

async function lookAtDisk(directory: string): Promise<Diagnostics['disk']> {
  try {
    const { bsize, blocks, bavail } = await statfs(directory);
    const isWritable = await access(directory, constants.W_OK).then(
      () => true,
      () => false,
    );
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail, isWritable };
  } catch {
    return null;
  }
}
