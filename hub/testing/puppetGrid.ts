/** Deployments over workers that say what a test has them say, without sockets and on virtual time. */
import { randomUUID } from 'node:crypto';
import {
  InstanceId,
  WorkerId,
  type Assign,
  type AssignmentId,
  type Device,
  type FromHubMessage,
  type HeldStage,
  type RunShape,
  type StageReport,
  type StageState,
} from '@potluck/protocol';
import { pino } from 'pino';
import { Deployments } from '../pipelines/deployments.ts';
import { NodeBook } from '../workers/nodeBook.ts';
import { SpeedBook } from '../workers/speedBook.ts';
import type { HowLeft } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { followWorkers } from './followWorkers.ts';
import { RegistryWithoutSockets } from './registryWithoutSockets.ts';
import { VirtualClock } from './virtualClock.ts';

export class PuppetWorker {
  readonly id = WorkerId.parse(randomUUID());
  readonly name: string;
  readonly memoryBytes: number;
  readonly device: Device = { kind: 'cpu', description: 'puppet', float16: true };
  readonly received: FromHubMessage[] = [];
  instanceId = InstanceId.parse(randomUUID());
  /** In what it would run stages where nobody says otherwise; undefined where it does not tell. */
  runShape: RunShape | undefined;
  /** What it says that it has when it joins. */
  heldStages: HeldStage[] = [];
  /** Answers by itself: what it is assigned is ready at once, what it is to release is released. */
  isHealthy: boolean;
  readonly #registry: RegistryWithoutSockets;

  constructor(
    registry: RegistryWithoutSockets,
    { name, memoryBytes, isHealthy = true }: { name: string; memoryBytes: number; isHealthy?: boolean },
  ) {
    this.#registry = registry;
    this.name = name;
    this.memoryBytes = memoryBytes;
    this.isHealthy = isHealthy;
  }

  /** All that it was assigned, oldest first. */
  get assigned(): Assign[] {
    return this.received.filter((message) => message.type === 'assign');
  }

  record(joinedAt: number): WorkerRecord {
    const { id, name, device, instanceId, memoryBytes, heldStages } = this;
    return {
      ...{ id, name, reportedName: name, kind: 'node', version: '1', instanceId, joinedAt, isLeaving: false },
      ...{ device, memoryBytes, joinTokenId: 'hub', cachedBlobs: new Set(), peers: new Map(), heldStages },
      load: { busy: 0, usedBytes: { weights: 0, caches: 0 } },
    };
  }

  receive(message: FromHubMessage): void {
    this.received.push(message);
    if (!this.isHealthy) return;
    if (message.type === 'assign') {
      const { assignmentId, cacheBytes = 1e6, runShape = this.runShape } = message;
      this.report(assignmentId, 'ready', { cacheBytes, ...(runShape ? { runShape } : {}) });
    }
    if (message.type === 'release') this.report(message.assignmentId, 'released');
  }

  join(): void {
    this.#registry.join(this);
  }

  leave(how: HowLeft = 'disconnected'): void {
    this.#registry.leave(this.id, 'its connection closed', how);
  }

  /** The next time that it joins, it holds nothing. */
  startAnew(): void {
    this.instanceId = InstanceId.parse(randomUUID());
  }

  report(assignmentId: AssignmentId, state: StageState, more: Partial<StageReport> = {}): void {
    this.#registry.heard(this.id, { type: 'stage-report', assignmentId, state, ...more });
  }
}

export interface PuppetGrid {
  clock: VirtualClock;
  registry: RegistryWithoutSockets;
  nodes: NodeBook;
  deployments: Deployments;
  /** What each worker’s steps took: tests tell. */
  speeds: SpeedBook;
  worker(name: string, memoryBytes: number, isHealthy?: boolean): PuppetWorker;
  /** Time goes by in ten steps; what each brings about is done before the next one. @param afterStep called after each */
  pass(milliseconds: number, afterStep?: () => void): Promise<void>;
}

/** @param standbyShare see `Grid` */
export function puppetGrid({ standbyShare = 0, logger = pino({ level: 'silent' }) } = {}): PuppetGrid {
  const clock = new VirtualClock();
  const registry = new RegistryWithoutSockets(clock);
  const nodes = new NodeBook({ policies: [], names: [], instances: [] }, () => undefined);
  const speeds = new SpeedBook([], () => undefined);
  const deployments = new Deployments(
    {
      ...{ registry, nodes, clock, logger, workersStarting: () => 0 },
      ...{ speeds, standbyShare: () => standbyShare },
    },
    { stageDeadlineMs: 120_000, movePatienceMs: 30_000 },
  );
  followWorkers({ registry, nodes }, deployments.workers);
  const worker = (name: string, memoryBytes: number, isHealthy = true): PuppetWorker =>
    new PuppetWorker(registry, { name, memoryBytes, isHealthy });
  const pass = async (milliseconds: number, afterStep?: () => void): Promise<void> => {
    for (let step = 0; step < 10; step++) {
      clock.advance(milliseconds / 10);
      await settled();
      afterStep?.();
    }
  };
  return { clock, registry, nodes, deployments, speeds, worker, pass };
}

/** What was begun in promises, such as cutting a stage, is done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
