/**
 * Stages in another thread: loaded over Comlink, then called over a lane of their own (`lane.ts`). Both ends are of one program, so
 * no call is checked.
 *
 * @example
 * // in the thread that computes
 * expose(stageService((artifact, cacheBytes) => createStage(ort, artifact, { ...options, cacheBytes })));
 * // in the thread that serves
 * const host = remoteStages(wrap<StageService>(worker));
 */
export { artifactBuffers } from './buffers.ts';
export { remoteStages, type RemoteStages } from './remoteStages.ts';
export { stageService, type StageService } from './stageService.ts';
