/** An ordered list of stages that covers all layers of a model, and what is known about each. */
import { hubText, layersText } from '@potluck/api/hub-texts';
import {
  AssignmentId,
  type PipelineId,
  type PromptStep,
  type RunShape,
  type StageDescription,
  type StageState,
  type WorkerId,
} from '@potluck/protocol';
import { isSameRange, isSameStage, type LayerRange } from '../placement/layerRange.ts';
import type { SharedStage } from '../placement/shareCaches.ts';
import { namedUuid } from './namedUuid.ts';

export interface Stage {
  /** Stays over epochs while the same worker has the same layers; unique within the pipeline. */
  id: number;
  /** New in each epoch. */
  assignmentId: AssignmentId;
  workerId: WorkerId;
  workerName: string;
  /** Layers are inclusive, counted from 0. */
  firstLayer: number;
  lastLayer: number;
  state: StageState;
  /** Why its worker can't serve it any more, for clients; absent while it can. */
  lost?: string;
  /** True where it went of its own will. */
  saidGoodbye?: boolean;
  reason?: string;
  progress?: { doneBytes: number; totalBytes: number };
  /** What the hub reckons with for it at its worker, caches included, in bytes. */
  reservedBytes: number;
  /** Most that its caches may take, in bytes. */
  mostCacheBytes: number;
  /** The longest chunk of a prompt that its memory has room for, in tokens. */
  mostChunkTokens: number;
  /** How long a step of one token took when the stage was tried, in milliseconds. */
  tokenStepMs?: number;
  /** How long chunks of a prompt took when the stage was tried. */
  promptSteps?: readonly PromptStep[];
  /** What its caches can be computed again from to have the same bits; missing: the steps of the first time. */
  replay?: 'chunks' | 'steps';
  /** In what it runs its steps, or ran them elsewhere; missing where nobody has told. */
  ran?: RanStage;
  /** Bytes that caches may take; known once the stage is ready. */
  cacheBytes?: number;
  /** Which device computes it, and why, for people; where its worker had a choice. */
  computesWith?: string;
  /** Known once the stage was cut out. */
  description?: StageDescription;
}

/** In what a device ran a stage's steps: devices of its kind get the same bits in the same shape. */
export interface RanStage {
  runShape: RunShape;
  /** See `deviceKind`. */
  deviceKind: string;
}

export interface Pipeline {
  id: PipelineId;
  /** Rises at every change, also from one pipeline of a deployment to its successor. */
  epoch: number;
  stages: readonly Stage[];
}

/** A stage that was cut out. */
export type CutStage = Stage & { description: StageDescription };

/** A stage that serves. */
export type ReadyStage = CutStage & { cacheBytes: number };

/** A pipeline whose stages all serve. */
export interface ReadyPipeline extends Pipeline {
  stages: readonly ReadyStage[];
}

/** Where a stage is to be, with what people call its worker. */
export interface TargetStage extends SharedStage {
  workerName: string;
}

/**
 * Stages of which nothing is assigned yet.
 * @param known stages that workers have or had: who keeps its layers keeps its stage's id, and runs them as before
 * @param firstNumber of the pipeline's assignments, which counts them over all epochs
 * @param others stages of other pipelines of the model: answers may go on here that began there
 */
export function newStages(
  pipelineId: PipelineId,
  target: readonly TargetStage[],
  known: readonly Stage[],
  firstNumber: number,
  others: readonly Stage[] = [],
): Stage[] {
  return target.map((placed, index) => {
    const { workerId, workerName, firstLayer, lastLayer, memoryBytes, cacheBytes, mostChunkTokens } = placed;
    const number = firstNumber + index;
    const ran = ranBefore(placed, [...known, ...others]);
    return {
      id: known.find((stage) => isSameStage(stage, placed))?.id ?? number,
      assignmentId: assignmentIdOf(pipelineId, number),
      workerId,
      workerName,
      firstLayer,
      lastLayer,
      state: 'assigned',
      reservedBytes: memoryBytes,
      mostCacheBytes: cacheBytes,
      mostChunkTokens,
      ...(ran ? { ran } : {}),
    };
  });
}

/** In what the same layers run elsewhere, else the layer with which they begin. */
function ranBefore(range: LayerRange, stages: readonly Stage[]): RanStage | undefined {
  const told = stages.filter(({ ran }) => ran !== undefined);
  const same = told.find((stage) => isSameRange(stage, range));
  const overlaps = ({ firstLayer, lastLayer }: Stage): boolean =>
    firstLayer <= range.firstLayer && range.firstLayer <= lastLayer;
  return (same ?? told.find(overlaps))?.ran;
}

/** The place that a stage has. */
export function targetOf(stage: Stage): TargetStage {
  const { workerId, workerName, firstLayer, lastLayer, mostChunkTokens } = stage;
  const { reservedBytes: memoryBytes, mostCacheBytes: cacheBytes } = stage;
  return { workerId, workerName, firstLayer, lastLayer, memoryBytes, cacheBytes, mostChunkTokens };
}

function assignmentIdOf(pipelineId: PipelineId, number: number): AssignmentId {
  return AssignmentId.parse(namedUuid(`${pipelineId}/${number}`));
}

/** @returns the pipeline, if every stage is ready and said how much cache it has */
export function readyPipeline(pipeline: Pipeline): ReadyPipeline | undefined {
  const { stages } = pipeline;
  return stages.every(isReady) ? { ...pipeline, stages } : undefined;
}

function isReady(stage: Stage): stage is ReadyStage {
  return stage.state === 'ready' && stage.cacheBytes !== undefined && stage.description !== undefined;
}

/** True when every stage was cut out. */
export function isCut(stages: readonly Stage[]): stages is readonly CutStage[] {
  return stages.every(({ description }) => description !== undefined);
}

/** Longest name in a route, in characters of a header. */
const mostNameCharacters = 128;

/** A name as a header and a route can hold it: UTF-8, percent-encoded but for letters, digits and `-_.!~*'()`. */
function nameInRoute(name: string): string {
  let encoded = '';
  for (const character of name.toWellFormed()) {
    const next = encoded + encodeURIComponent(character);
    if (next.length > mostNameCharacters) break;
    encoded = next;
  }
  return encoded || 'worker';
}

/** `worker[first-last],…` with layers counted from 0; what a header can't hold of a name is percent-encoded. */
export function routeOf(stages: readonly Pick<Stage, 'workerName' | 'firstLayer' | 'lastLayer'>[]): string {
  return stages
    .map(({ workerName, firstLayer, lastLayer }) => `${nameInRoute(workerName)}[${firstLayer}-${lastLayer}]`)
    .join(',');
}

/** The same for people, by the names that they know. */
export function plainRouteOf(
  stages: readonly Pick<Stage, 'workerName' | 'firstLayer' | 'lastLayer'>[],
): string {
  return stages
    .map(({ workerName, firstLayer, lastLayer }) => `${workerName} [${firstLayer}-${lastLayer}]`)
    .join(', ');
}

/** What a stage does, for people who don't care how weights become ready. */
function plainState(state: Stage['state']): string {
  return state === 'compiling' || state === 'warming' ? hubText('preparing', {}) : state;
}

/** One line about stages that are not ready yet, for people. */
export function describeProgress(pipeline: Pipeline): string {
  const parts: { device: string; first: number; last: number; state: string; reason: string | undefined }[] =
    [];
  for (const { workerName: device, firstLayer, lastLayer, state, reason, progress } of pipeline.stages) {
    if (state === 'ready') continue;
    const share =
      progress && progress.totalBytes > 0
        ? Math.floor((100 * progress.doneBytes) / progress.totalBytes)
        : undefined;
    const word = plainState(state);
    const said = share === undefined ? word : hubText('with-share', { state: word, percent: share });
    const before = parts.at(-1);
    // A device with two stages that stand alike is named once.
    const goesOn = before?.device === device && before.last + 1 === firstLayer;
    if (before && goesOn && before.state === said && before.reason === reason) before.last = lastLayer;
    else parts.push({ device, first: firstLayer, last: lastLayer, state: said, reason });
  }
  return parts
    .map(({ device, first, last, state, reason }) => {
      const stage = { device, range: layersText({ firstLayer: first, lastLayer: last }), state };
      return reason
        ? hubText('stage-under-way-because', { ...stage, reason })
        : hubText('stage-under-way', stage);
    })
    .join('; ');
}
