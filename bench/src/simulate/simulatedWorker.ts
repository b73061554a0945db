/** A worker that loads stages as long as its link and device take, and fails as devices of people do. */
import {
  InstanceId,
  WorkerId,
  type AssignmentId,
  type Assign,
  type FromHubMessage,
  type Sha256,
  type StageReport,
} from '@potluck/protocol';
import type { StepSample } from '../../../hub/placement/prediction/samples.ts';
import type { Clock } from '../../../hub/pipelines/clock.ts';
import type { WorkerRecord } from '../../../hub/workers/workerTable.ts';
import { Machine } from './machine.ts';
import type { SeededRandom } from './random.ts';

/** What a worker is like, for as long as the simulation lasts. */
export interface Profile {
  id: WorkerId;
  name: string;
  kind: 'node' | 'browser';
  memoryBytes: number;
  bytesPerSecond: number;
  /** How long it takes to read a byte of weights in a step of one token. */
  msPerByte: number;
  /** Where it runs, perhaps beside others. */
  machine: Machine;
  /** How long it stays and how long it is away, in milliseconds, on average. */
  stayMs: number;
  awayMs: number;
  /** Probability that it can't load a stage; 1 for a device that never can. */
  failing: number;
}

const gigabyte = 1e9;
const minute = 60_000;
const hour = 60 * minute;

/** Of what devices of its kind usually take, which is what the hub reckons with: from half to twice as much. */
const usualMsPerByte = { node: 1 / 8e6, browser: 1 / 20e6 };

/** A node that runs beside the one that was drawn before it. */
const neighbourShare = 0.4;
/** In answers a device does more than steps: so many times as long as in a trial. */
const trafficLoad = 1.6;
/** Of tabs that nobody looks at; see `tokenSpeed`. */
const hiddenLoad = 2.7;
/** Measurements differ by up to this factor, though nothing is different. */
const noise = { served: 1.7, tried: 1.2 };

/** Two of three are tabs, which come and go; one in twenty has a slow link, and one in fifty can load nothing. */
export function drawProfile(random: SeededRandom, index: number, before?: Profile): Profile {
  const kind = random.chance(1 / 3) ? 'node' : 'browser';
  const isSlow = random.chance(0.05);
  const isNeighbour = kind === 'node' && before?.kind === 'node' && random.chance(neighbourShare);
  return {
    id: WorkerId.parse(random.uuid()),
    name: `${kind}-${index}`,
    kind,
    memoryBytes: Math.round(gigabyte * (kind === 'node' ? random.between(4, 32) : random.between(1, 8))),
    bytesPerSecond: isSlow ? 0.25e6 : random.between(2e6, 60e6),
    // Neighbours have the same processor.
    msPerByte: isNeighbour ? before.msPerByte : usualMsPerByte[kind] * 2 ** random.between(-1, 1),
    machine: isNeighbour ? before.machine : new Machine(random),
    stayMs: kind === 'node' ? 12 * hour : 45 * minute,
    awayMs: kind === 'node' ? hour : 3 * hour,
    failing: random.chance(0.02) ? 1 : 0.01,
  };
}

export interface WorkerWorld {
  clock: Clock;
  random: SeededRandom;
  /** Takes what the worker says to the hub. */
  report: (worker: SimulatedWorker, report: StageReport) => void;
  /** A worker tried a stage that it has loaded. */
  tried: (worker: SimulatedWorker, step: Omit<StepSample, 'source'>) => void;
  /** Counts what a worker fetches. */
  fetched: (bytes: number) => void;
}

const compileMs = 3000;
/** Between two reports while it downloads; real workers report twice a second. */
const progressMs = 60_000;
/** It keeps a connection and says nothing more. */
const silentShare = 0.002;

export class SimulatedWorker {
  readonly profile: Profile;
  readonly cachedBlobs = new Set<Sha256>();
  instanceId: InstanceId;
  /** True where nobody looks at the tab. */
  isHidden = false;
  /** Assignments that it holds, and the graphs that it has loaded for them. */
  readonly #held = new Map<AssignmentId, Sha256>();
  readonly #world: WorkerWorld;
  /** What was begun in an earlier run is over. */
  #run = 0;

  constructor(profile: Profile, world: WorkerWorld) {
    this.profile = profile;
    this.#world = world;
    this.instanceId = InstanceId.parse(world.random.uuid());
  }

  /** It is started anew: weights stay in its cache, stages do not. */
  restart(): void {
    this.instanceId = InstanceId.parse(this.#world.random.uuid());
    this.#held.clear();
    this.#run++;
  }

  record(joinedAt: number): WorkerRecord {
    const { id, name, kind, memoryBytes, machine } = this.profile;
    return {
      ...{ id, name, reportedName: name, kind, memoryBytes, instanceId: this.instanceId, joinedAt },
      ...{ version: 'simulated', joinTokenId: 'hub', isLeaving: false, peers: new Map(), heldStages: [] },
      ...(kind === 'node' ? { machine: machine.id } : { presence: this.isHidden ? 'hidden' : 'visible' }),
      device: { kind: kind === 'node' ? 'cpu' : 'webgpu', description: 'simulated', float16: true },
      cachedBlobs: new Set(this.cachedBlobs),
      load: { busy: 0, usedBytes: { weights: 0, caches: 0 } },
    };
  }

  /** How long a step of one token takes in answers that reads so many bytes of weights, while nothing else runs. */
  stepMs(weightBytes: number): number {
    return (this.isHidden ? hiddenLoad : 1) * trafficLoad * weightBytes * this.profile.msPerByte;
  }

  /** The same at this moment, and as somebody measures it. */
  measuredStepMs(weightBytes: number, source: StepSample['source']): number {
    const { clock, random } = this.#world;
    const { machine } = this.profile;
    const ms = this.stepMs(weightBytes) * noise[source] ** random.between(-1, 1);
    // A trial is over before it is disturbed, most often.
    const isUndisturbed = source === 'tried' && random.chance(0.7);
    return (ms / (source === 'tried' ? trafficLoad : 1)) * (isUndisturbed ? 1 : machine.loadAt(clock.now()));
  }

  receive(message: FromHubMessage): void {
    if (message.type === 'assign') this.#load(message);
    if (message.type !== 'release') return;
    const { assignmentId } = message;
    if (this.#held.delete(assignmentId)) this.#say({ assignmentId, state: 'released' }, 20);
  }

  #load({ assignmentId, stage, cacheBytes = 0 }: Assign): void {
    const { random } = this.#world;
    const graph = stage.graph.sha256;
    const isLoaded = [...this.#held.values()].includes(graph);
    this.#held.set(assignmentId, graph);
    const ready = { assignmentId, state: 'ready', cacheBytes } as const;
    if (isLoaded) return this.#say(ready, 50);
    if (random.chance(silentShare)) return;
    const missing = stage.packs.filter(({ sha256 }) => !this.cachedBlobs.has(sha256));
    const totalBytes = missing.reduce((sum, { size }) => sum + size, 0);
    const downloadMs = (1000 * totalBytes) / this.profile.bytesPerSecond;
    for (let afterMs = 0; afterMs < downloadMs; afterMs += progressMs) {
      const progress = { doneBytes: Math.round((totalBytes * afterMs) / downloadMs), totalBytes };
      this.#say({ assignmentId, state: 'downloading', progress }, afterMs);
    }
    this.#later(downloadMs, assignmentId, () => {
      for (const { sha256 } of missing) this.cachedBlobs.add(sha256);
      this.#world.fetched(totalBytes);
      this.#world.report(this, { type: 'stage-report', assignmentId, state: 'compiling' });
    });
    const fails = random.chance(this.profile.failing);
    this.#later(downloadMs + compileMs, assignmentId, () => {
      if (fails) this.#held.delete(assignmentId);
      const failed = { assignmentId, state: 'failed', reason: 'the shader compiler crashed' } as const;
      const { model, weightBytes } = stage;
      const milliseconds = this.measuredStepMs(weightBytes, 'tried');
      // As the hub takes it in: what was measured, then the report.
      const step = { model, weightBytes, milliseconds, ...(this.isHidden ? { hidden: true } : {}) };
      if (!fails) this.#world.tried(this, step);
      this.#world.report(this, { type: 'stage-report', ...(fails ? failed : ready) });
    });
  }

  #say(report: Omit<StageReport, 'type'>, afterMs: number): void {
    const { assignmentId } = report;
    this.#later(afterMs, report.state === 'released' ? undefined : assignmentId, () =>
      this.#world.report(this, { type: 'stage-report', ...report }),
    );
  }

  /** @param assignmentId nothing happens once it is not held any more */
  #later(milliseconds: number, assignmentId: AssignmentId | undefined, callback: () => void): void {
    const run = this.#run;
    this.#world.clock.after(milliseconds, () => {
      if (this.#run === run && (assignmentId === undefined || this.#held.has(assignmentId))) callback();
    });
  }
}
