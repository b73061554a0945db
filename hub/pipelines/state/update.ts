/** Changes of parts of the state; what stays the same keeps its identity. */
import type { PipelineId } from '@potluck/protocol';
import type { Stage } from '../pipeline.ts';
import type { PipelinesState, PipelineState } from './state.ts';

/** @returns the state with one pipeline changed; the same state where it does not change, or is not there */
export function onePipeline(
  state: PipelinesState,
  id: PipelineId,
  change: (pipeline: PipelineState) => PipelineState,
): PipelinesState {
  const before = state.pipelines.get(id);
  if (!before) return state;
  const after = change(before);
  return after === before ? state : { ...state, pipelines: new Map(state.pipelines).set(id, after) };
}

/** @returns the state with every pipeline changed; the same state where none changes */
export function everyPipeline(
  state: PipelinesState,
  change: (pipeline: PipelineState) => PipelineState,
): PipelinesState {
  let pipelines: Map<PipelineId, PipelineState> | undefined;
  for (const [id, before] of state.pipelines) {
    const after = change(before);
    if (after === before) continue;
    pipelines ??= new Map(state.pipelines);
    pipelines.set(id, after);
  }
  return pipelines ? { ...state, pipelines } : state;
}

/** Changes stages of the pipeline and those that are loaded ahead. */
export function withStages(one: PipelineState, change: (stage: Stage) => Stage): PipelineState {
  const { phase, migration } = one;
  let next = one;
  if (phase.type !== 'missing' && phase.type !== 'ended') {
    const stages = changed(phase.pipeline.stages, change);
    if (stages !== phase.pipeline.stages) {
      // A stage that serves stays one that serves: only its loss is noted.
      next = { ...next, phase: { ...phase, pipeline: { ...phase.pipeline, stages } } as typeof phase };
    }
  }
  if (!migration) return next;
  const preloads = changed(migration.preloads, change);
  return preloads === migration.preloads ? next : { ...next, migration: { ...migration, preloads } };
}

function changed(stages: readonly Stage[], change: (stage: Stage) => Stage): readonly Stage[] {
  const next = stages.map(change);
  return next.some((stage, index) => stage !== stages[index]) ? next : stages;
}
