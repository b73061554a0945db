/** A day of a grid in a minute: the hub's own decisions, over simulated workers that come, go and fail, on virtual time. */
import { PipelineId, type ModelId, type WorkerId } from '@potluck/protocol';
import { pino } from 'pino';
import { PipelineExecutor } from '../../../hub/pipelines/executor.ts';
import type { Stage } from '../../../hub/pipelines/pipeline.ts';
import { stagesOf } from '../../../hub/pipelines/state/state.ts';
import type { Announcement } from '../../../hub/pipelines/whatChanged.ts';
import { followWorkers } from '../../../hub/testing/followWorkers.ts';
import { PipelineInvariants } from '../../../hub/testing/pipelineInvariants.ts';
import { RegistryWithoutSockets } from '../../../hub/testing/registryWithoutSockets.ts';
import { sizedModel, type ModelSize } from '../../../hub/testing/sizedModel.ts';
import { VirtualClock } from '../../../hub/testing/virtualClock.ts';
import { NodeBook } from '../../../hub/workers/nodeBook.ts';
import { SpeedBook } from '../../../hub/workers/speedBook.ts';
import { SeededRandom } from './random.ts';
import { Scores, type ModelScore } from './scores.ts';
import { drawProfile, SimulatedWorker, type Profile } from './simulatedWorker.ts';

export interface SimulationInit {
  workers: number;
  hours: number;
  seed: number;
  /** See `Grid`. Default: one half, as in a hub. */
  standbyShare?: number;
  models: readonly (ModelSize & { plan: 'automatic' | 'shards'; replicas: number; stages?: number })[];
}

export interface SimulationResult {
  models: ModelScore[];
  events: number;
  joins: number;
  fetchedBytes: number;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
/** On average, between two answers of a model, and how long one takes. */
const answerEveryMs = 20 * second;
const answerMs = 15 * second;
const tokenMs = 100;
/** Between two decisions of the operator about nodes. */
const operatorEveryMs = 20 * minute;
const tabSwitchMs = 15 * minute;

/** @throws Error where an invariant is broken */
export async function simulate(init: SimulationInit): Promise<SimulationResult> {
  const clock = new VirtualClock();
  const random = new SeededRandom(init.seed);
  const registry = new RegistryWithoutSockets(clock);
  const nodes = new NodeBook({ policies: [], names: [], instances: [] }, () => undefined);
  const scores = new Scores(clock);
  const cuts = { pending: 0 };
  const speeds = new SpeedBook([], () => undefined);
  const workers = new Map<WorkerId, SimulatedWorker>();
  const executor = new PipelineExecutor(
    {
      ...{ registry, nodes, clock, logger: pino({ level: 'silent' }), workersStarting: () => 0 },
      standbyShare: () => init.standbyShare ?? 0.5,
      speeds,
    },
    { stageDeadlineMs: 120 * second, movePatienceMs: 30 * second },
    (announcement) => told(announcement),
  );
  followWorkers({ registry, nodes }, executor.workers);
  const answers = new Map<PipelineId, Set<{ isLost: boolean }>>();
  let joins = 0;
  deployAll();
  workersComeAndGo();
  operatorDecides();
  const events = await run();
  return { models: scores.result(), events, joins, fetchedBytes: scores.fetchedBytes };

  async function run(): Promise<number> {
    const invariants = new PipelineInvariants();
    const end = init.hours * hour;
    let count = 0;
    while (clock.step(end)) {
      // Stages are cut in promises.
      while (cuts.pending > 0) await new Promise((resolve) => setImmediate(resolve));
      invariants.check(executor.state, registry.table, clock.now());
      count++;
    }
    scores.end(end);
    return count;
  }

  function told(announcement: Announcement): void {
    if (announcement.type === 'changed' || announcement.type === 'judged') return;
    const { replica } = announcement;
    const { stages } = announcement.pipeline;
    if (announcement.type === 'ready') {
      scores.ready(replica.model.package.id, replica.id, quietTokenMs(stages));
    } else if (announcement.type === 'lost') {
      const running = answers.get(replica.id);
      const lost = [...(running ?? [])].filter((one) => !one.isLost);
      for (const one of lost) one.isLost = true;
      const isFaster = announcement.reason.startsWith('it is faster elsewhere');
      scores.lost(replica.model.package.id, replica.id, {
        ...{ moves: replica.isMoving, answers: lost.length },
        ...(isFaster ? { fasterThan: quietTokenMs(stages) } : {}),
      });
    }
  }

  function deployAll(): void {
    for (const size of init.models) {
      const model = sizedModel(size, cuts);
      const { replicas } = size;
      const plan =
        size.plan === 'shards'
          ? ({ mode: 'shards', count: size.stages ?? 2, replicas } as const)
          : ({ mode: 'automatic', replicas } as const);
      const newIds = Array.from({ length: replicas }, () => PipelineId.parse(random.uuid()));
      scores.add(model.package.id);
      executor.dispatch({ type: 'deployed', model, plan, newIds, createdAt: 0 });
      asked(model.package.id);
    }
  }

  /** Answers begin, run for a while, and end; those that nobody can take are refused. */
  function asked(model: ModelId): void {
    clock.after(random.exponential(answerEveryMs), () => {
      asked(model);
      const ids = executor.state.deployments.get(model)?.replicas ?? [];
      const serving = ids.filter((id) => {
        const one = executor.state.pipelines.get(id);
        return one?.phase.type === 'serving' && !one.retiring && !one.isMoving;
      });
      const [id] = serving.sort(
        (one, other) => (answers.get(one)?.size ?? 0) - (answers.get(other)?.size ?? 0),
      );
      const pipeline = id === undefined ? undefined : executor.state.pipelines.get(id);
      scores.asked(model, pipeline && tokenMsNow(stagesOf(pipeline)));
      if (id === undefined) return;
      const running = answers.get(id) ?? new Set();
      answers.set(id, running);
      const answer = { isLost: false };
      const stages = pipeline ? stagesOf(pipeline) : [];
      running.add(answer);
      executor.dispatch({ type: 'answer-began', pipelineId: id });
      const milliseconds = random.exponential(answerMs);
      clock.after(milliseconds, () => {
        running.delete(answer);
        if (!answer.isLost) served(model, stages);
        const tokens = Math.round(milliseconds / tokenMs);
        executor.dispatch({ type: 'answer-ended', pipelineId: id, tokens });
      });
    });
  }

  /** What a token takes on machines at rest, and what it takes now. */
  function quietTokenMs(stages: readonly Stage[]): number {
    return stages.reduce((sum, stage) => sum + (stepOf(stage)?.stepMs ?? 0), 0);
  }
  function tokenMsNow(stages: readonly Stage[]): number {
    return stages.reduce((sum, stage) => {
      const step = stepOf(stage);
      return sum + (step ? step.stepMs * step.worker.profile.machine.loadAt(clock.now()) : 0);
    }, 0);
  }

  function stepOf({ workerId, description }: Stage): { worker: SimulatedWorker; stepMs: number } | undefined {
    const worker = workers.get(workerId);
    return worker && { worker, stepMs: worker.stepMs(description?.weightBytes ?? 0) };
  }

  /** What the stages of an answer tell at its end. */
  function served(model: ModelId, stages: readonly Stage[]): void {
    for (const { workerId, description } of stages) {
      const record = registry.table.get(workerId);
      const worker = workers.get(workerId);
      const weightBytes = description?.weightBytes ?? 0;
      if (!record || !worker || weightBytes === 0) continue;
      const milliseconds = worker.measuredStepMs(weightBytes, 'served');
      const hidden = worker.isHidden ? { hidden: true } : {};
      speeds.measured(record, {
        ...{ model, weightBytes, milliseconds, source: 'served', at: clock.now() },
        ...hidden,
      });
    }
  }

  function workersComeAndGo(): void {
    let before: Profile | undefined;
    for (let index = 0; index < init.workers; index++) {
      const profile = drawProfile(random, index, before);
      before = profile;
      const worker: SimulatedWorker = new SimulatedWorker(profile, {
        ...{ clock, random },
        report: ({ profile }, report) => registry.heard(profile.id, report),
        tried: ({ profile: { id } }, step) => {
          const record = registry.table.get(id);
          if (record) speeds.measured(record, { ...step, source: 'tried', at: clock.now() });
        },
        fetched: (bytes) => scores.fetched(bytes),
      });
      workers.set(worker.profile.id, worker);
      comes(
        worker,
        random.chance(0.5) ? random.between(0, 10 * second) : random.exponential(worker.profile.awayMs),
      );
      if (worker.profile.kind === 'browser') switchesTab(worker);
    }
  }

  function comes(worker: SimulatedWorker, afterMs: number): void {
    clock.after(afterMs, () => {
      joins++;
      registry.join(worker);
      goes(worker, random.exponential(worker.profile.stayMs));
    });
  }

  /** A third say that they leave; most of those that come back were started anew, the others lost their connection. */
  function goes(worker: SimulatedWorker, afterMs: number): void {
    const { id, awayMs } = worker.profile;
    const isPolite = random.chance(1 / 3);
    const isAnew = random.chance(0.7);
    if (isPolite) clock.after(afterMs, () => registry.leaving(id));
    clock.after(afterMs + (isPolite ? 30 * second : 0), () => {
      if (isPolite) registry.leave(id, 'it left', 'left');
      else registry.leave(id, 'its connection closed', 'disconnected');
      if (isAnew) worker.restart();
      comes(worker, isAnew ? random.exponential(awayMs) : random.between(second, minute));
    });
  }

  function switchesTab(worker: SimulatedWorker): void {
    clock.after(random.exponential(tabSwitchMs), () => {
      switchesTab(worker);
      const { id: workerId } = worker.profile;
      const presence = random.chance(0.5) ? 'visible' : 'hidden';
      worker.isHidden = presence === 'hidden';
      registry.apply({ type: 'presence-changed', workerId, presence });
    });
  }

  /** Pauses, drains and resumes nodes, and now and then changes a plan to what it is. */
  function operatorDecides(): void {
    clock.after(random.exponential(operatorEveryMs), () => {
      operatorDecides();
      const ids = [...executor.state.pipelines.values()].flatMap((one) =>
        one.phase.type === 'serving' ? one.phase.pipeline.stages.map(({ workerId }) => workerId) : [],
      );
      const workerId = random.pick(ids.length > 0 ? ids : [...executor.grid.workers.keys()]);
      if (workerId === undefined) return;
      nodes.change(workerId, { mode: random.chance(0.5) ? 'paused' : 'draining' });
      clock.after(random.exponential(hour), () => nodes.change(workerId, { mode: 'active' }));
    });
  }
}
