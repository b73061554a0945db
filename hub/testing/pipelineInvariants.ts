/** What must be true of the pipelines after every event, whatever happens. */
import type { WorkerId } from '@potluck/protocol';
import type { Stage } from '../pipelines/pipeline.ts';
import { stagesOf, type PipelinesState, type PipelineState } from '../pipelines/state/state.ts';
import type { WorkerTable } from '../workers/workerTable.ts';

/** A migration that takes longer than this does not end. Downloads over slow links take hours. */
const longestMigrationMs = 12 * 3_600_000;

export class PipelineInvariants {
  /** Since when each migration runs. */
  readonly #migrations = new Map<string, { of: object; since: number }>();

  /** @throws Error that says what is broken */
  check(state: PipelinesState, table: WorkerTable, now: number): void {
    const reserved = new Map<WorkerId, number>();
    for (const one of state.pipelines.values()) {
      checkLayers(one);
      checkEpochs(one, table);
      this.#checkMigration(one, now);
      for (const stage of [...stagesOf(one), ...(one.migration?.preloads ?? [])]) {
        reserved.set(stage.workerId, (reserved.get(stage.workerId) ?? 0) + stage.reservedBytes);
      }
    }
    for (const [workerId, bytes] of reserved) {
      const worker = table.get(workerId);
      if (worker && bytes > worker.memoryBytes) {
        throw new Error(`${worker.name} has ${worker.memoryBytes} bytes, and ${bytes} are reserved at it`);
      }
    }
    checkReplicas(state);
  }

  #checkMigration({ id, migration }: PipelineState, now: number): void {
    if (!migration || (migration.cutOver === 'never' && migration.step === 'loaded')) {
      this.#migrations.delete(id);
      return;
    }
    const known = this.#migrations.get(id);
    if (known?.of !== migration.target) this.#migrations.set(id, { of: migration.target, since: now });
    else if (now - known.since > longestMigrationMs) throw new Error(`a migration of ${id} does not end`);
  }
}

/** No gap, no overlap. */
function checkLayers(one: PipelineState): void {
  const stages = stagesOf(one);
  if (stages.length === 0) return;
  let next = 0;
  for (const { firstLayer, lastLayer } of stages) {
    if (firstLayer !== next || lastLayer < firstLayer) {
      throw new Error(`${one.model.package.id}: a stage begins with layer ${firstLayer}, not ${next}`);
    }
    next = lastLayer + 1;
  }
  if (next !== one.model.package.layers.length) {
    throw new Error(`${one.model.package.id}: layers from ${next} on are in no stage`);
  }
}

/** Whoever serves in an epoch has been told to release what it had in earlier ones, and has each stage once. */
function checkEpochs(one: PipelineState, table: WorkerTable): void {
  const stages: readonly Stage[] = [...stagesOf(one), ...(one.migration?.preloads ?? [])];
  const places = new Set(stages.map(({ workerId, firstLayer }) => `${workerId} ${firstLayer}`));
  if (places.size < stages.length) throw new Error(`${one.id}: a worker has a stage twice`);
  const { phase, migration } = one;
  const isSettled =
    phase.type === 'serving' && migration?.step !== 'cutting' && migration?.step !== 'freeing';
  if (!isSettled && phase.type !== 'ended') return;
  for (const [id, { workerId, releasingSince }] of one.held) {
    if (releasingSince === undefined && table.has(workerId)) {
      throw new Error(`${one.id}: assignment ${id} of an earlier epoch is not released`);
    }
  }
}

/** No worker has stages of two replicas of a model. */
function checkReplicas({ deployments, pipelines }: PipelinesState): void {
  for (const { replicas, model } of deployments.values()) {
    if (replicas.length < 2) continue;
    const owner = new Map<WorkerId, string>();
    for (const id of replicas) {
      const one = pipelines.get(id);
      for (const { workerId } of one ? [...stagesOf(one), ...(one.migration?.preloads ?? [])] : []) {
        if ((owner.get(workerId) ?? id) !== id) {
          throw new Error(`${model.package.id}: ${workerId} has stages of two replicas`);
        }
        owner.set(workerId, id);
      }
    }
  }
}
