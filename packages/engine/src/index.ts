/**
 * Runs one stage of a model: ONNX Runtime's session, caches, the queue before it and sampling, in browsers and Node
 * alike.
 *
 * @example
 * import * as ort from 'onnxruntime-node';
 * const stage = await createStage(ort, artifact, {
 *   executionProviders: ['cpu'],
 *   cacheStrategy: 'rows',
 *   cacheBytes: 256 * 1024 * 1024,
 * });
 * await stage.open({ cacheId, epoch: 0, capacity: 1024, promptLength: tokens.length, sampling, tokens });
 * const { sampled } = await stage.step({
 *   cacheId, epoch: 0, position: 0, length: tokens.length, tokenIds: tokens, sample: true,
 * });
 */
export type { CacheStrategyName } from './cache/cacheStrategy.ts';
export type {
  CacheStart,
  EncodeRequest,
  EncodeResult,
  OpenCache,
  ScoredTokens,
  Stage,
  StageArtifact,
  StageUsage,
  StageVerb,
  StepRequest,
  StepResult,
  StepShape,
} from './contract/stage.ts';
export type { LoadedStage, StageHost } from './contract/stageHost.ts';
export {
  BadStepError,
  CacheMissError,
  ComputeError,
  NoRoomError,
  StageGoneError,
  TruncateError,
} from './errors.ts';
export type { OrtModule } from './ortModule.ts';
export { RunQueue, type RunPriority, type RunTask } from './queue/runQueue.ts';
export { sampleToken, type SampledToken } from './sampling/sampleToken.ts';
export { TokenHistory } from './sampling/tokenHistory.ts';
export { createStage } from './stage/createStage.ts';
export type { StageOptions } from './stage/stageOptions.ts';
export { makeTensor } from './tensor/makeTensor.ts';
