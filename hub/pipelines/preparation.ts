/** Stages that workers load ahead, each by itself, while the pipeline that serves goes on without them. */
import type { StageReport, WorkerId } from '@potluck/protocol';
import type { Model } from '../models/model.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import { assignStages, cutStages } from './assignStages.ts';
import { assignmentsOf } from './assignmentsOf.ts';
import type { FormerAssignments } from './formerAssignments.ts';
import { applyStageReport, type Pipeline, type Stage } from './pipeline.ts';

export interface PreparationComponents {
  registry: WorkerRegistry;
  model: Model;
  former: FormerAssignments;
}

/**
 * A worker that is assigned a graph which it has loaded keeps it, so a stage that was prepared serves at once when the
 * pipeline is put together.
 */
export class Preparation {
  readonly #components: PreparationComponents;
  #pipeline: Pipeline;
  #isOver = false;

  /** @param pipeline its stages are loaded; no worker hears of the others' */
  constructor(components: PreparationComponents, pipeline: Pipeline) {
    this.#components = components;
    this.#pipeline = pipeline;
  }

  /** True when every stage is loaded. */
  get isDone(): boolean {
    return this.#pipeline.stages.every(({ state }) => state === 'ready');
  }

  uses(workerId: WorkerId): boolean {
    return this.#pipeline.stages.some((stage) => stage.workerId === workerId);
  }

  /** What the stages may take at a worker, in bytes. */
  bytesAt(workerId: WorkerId): number {
    return this.#pipeline.stages
      .filter((stage) => stage.workerId === workerId)
      .reduce((sum, { reservedBytes }) => sum + reservedBytes, 0);
  }

  /** Assigns the stages. @throws Error if the model can't be cut */
  async begin(stageDeadlineMs: number): Promise<void> {
    const cut = await cutStages(this.#components.model, this.#pipeline);
    if (this.#isOver) return;
    this.#pipeline = cut;
    await assignStages(this.#components, cut, {
      assignments: cut.stages.flatMap((stage) => assignmentsOf({ ...cut, stages: [stage] }, stageDeadlineMs)),
      isWanted: () => !this.#isOver,
    });
  }

  /** @returns the stage as it is now; undefined if the report is about none of these */
  reported(workerId: WorkerId, report: StageReport): Stage | undefined {
    const find = (): Stage | undefined =>
      this.#pipeline.stages.find(
        (stage) => stage.assignmentId === report.assignmentId && stage.workerId === workerId,
      );
    if (!find()) return undefined;
    this.#pipeline = applyStageReport(this.#pipeline, report);
    return find();
  }

  /** Assigns nothing more. @returns what the workers may hold now */
  end(): readonly Stage[] {
    this.#isOver = true;
    return this.#pipeline.stages;
  }
}
