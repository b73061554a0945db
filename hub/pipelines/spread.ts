/** Forced stages that share a worker spread when others come: these load their stages first, then the pipeline moves. */
import type { DeploymentPlan } from '@potluck/api';
import type { StageReport, WorkerId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors/messageOf.ts';
import type { SharedStage } from '../placement/shareCaches.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { routeOf, type Pipeline } from './pipeline.ts';
import type { Placer } from './placer.ts';
import { Preparation, type PreparationComponents } from './preparation.ts';

export interface SpreadComponents extends PreparationComponents {
  placer: Placer;
  logger: Logger;
}

/** Where the stages go. */
interface SpreadTarget {
  stages: SharedStage[];
  /** True where whoever serves keeps what it has loaded, so that the move takes only a moment. */
  isMomentary: boolean;
}

export class Spread {
  readonly #components: SpreadComponents;
  readonly #stageDeadlineMs: number;
  /** What is loaded ahead, and where all stages go then. */
  #ahead: { preparation: Preparation; target: SpreadTarget } | undefined;

  constructor(components: SpreadComponents, { stageDeadlineMs }: { stageDeadlineMs: number }) {
    this.#components = components;
    this.#stageDeadlineMs = stageDeadlineMs;
  }

  /** True where stages are loaded ahead, or have been. */
  get isBegun(): boolean {
    return this.#ahead !== undefined;
  }

  /** Where the stages go, when all that came has loaded its own. */
  get prepared(): SpreadTarget | undefined {
    return this.#ahead?.preparation.isDone ? this.#ahead.target : undefined;
  }

  /** True where the worker loads a stage ahead. */
  uses(workerId: WorkerId): boolean {
    return this.#ahead?.preparation.uses(workerId) ?? false;
  }

  /** What is loaded ahead at a worker, in bytes. */
  bytesAt(workerId: WorkerId): number {
    return this.#ahead?.preparation.bytesAt(workerId) ?? 0;
  }

  /** Where the stages would go; undefined where the pipeline has as many workers as it can have. */
  place({ stages }: Pipeline, plan: DeploymentPlan): SpreadTarget | undefined {
    if (plan.mode !== 'shards') return undefined;
    // Nobody has more than one: there is nothing to spread.
    if (workersOf(stages) === stages.length) return undefined;
    const place = this.#components.placer.place(plan, stages);
    if (!place.ok || workersOf(place.stages) <= workersOf(stages)) return undefined;
    const isMomentary = stages.every(
      ({ firstLayer }, index) => place.stages[index]?.firstLayer === firstLayer,
    );
    return { stages: place.stages, isMomentary };
  }

  /**
   * Lets the workers that would take over stages load them; looks anew where some do already.
   * @param toPipeline makes a pipeline of these stages
   */
  prepare(
    serving: Pipeline,
    plan: DeploymentPlan,
    toPipeline: (stages: readonly SharedStage[]) => Pipeline,
  ): void {
    const { isBegun } = this;
    this.end();
    const target = this.place(serving, plan);
    const { former, logger } = this.#components;
    if (!target) {
      if (isBegun) void former.releaseAll();
      return;
    }
    const has = new Set(serving.stages.map(({ workerId }) => workerId));
    const pipeline = toPipeline(target.stages.filter(({ workerId }) => !has.has(workerId)));
    logger.info({ stages: routeOf(pipeline.stages) }, 'workers load stages that they will take over');
    const preparation = new Preparation(this.#components, pipeline);
    this.#ahead = { preparation, target };
    preparation.begin(this.#stageDeadlineMs).catch((error: unknown) => {
      if (this.#ahead?.preparation !== preparation) return;
      this.#ahead = undefined;
      logger.error({ reason: messageOf(error) }, 'the model could not be cut into more stages');
    });
  }

  /** @returns what became of the stage; undefined if the report is about none that is loaded ahead */
  reported(worker: WorkerRecord, report: StageReport): 'loading' | 'loaded' | 'failed' | undefined {
    const stage = this.#ahead?.preparation.reported(worker.id, report);
    if (!stage) return undefined;
    if (stage.state !== 'failed' && stage.state !== 'released') {
      return stage.state === 'ready' ? 'loaded' : 'loading';
    }
    const reason = stage.reason ?? 'it gave its stage up';
    this.#components.logger.warn({ worker: worker.name, reason }, 'a stage could not be loaded ahead');
    this.#components.placer.exclusions.add(worker.id, reason, performance.now());
    return 'failed';
  }

  /** Nothing more is loaded ahead. What was stays where it is until it is released or assigned. */
  end(): void {
    this.#components.former.add(this.#ahead?.preparation.end() ?? []);
    this.#ahead = undefined;
  }
}

const workersOf = (stages: readonly { workerId: WorkerId }[]): number =>
  new Set(stages.map(({ workerId }) => workerId)).size;
