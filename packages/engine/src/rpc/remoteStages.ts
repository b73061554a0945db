/** The caller's end of the RPC: stages that another thread computes, behind the same contract as those of this one. */
import { transfer, type Remote } from 'comlink';
import { stageVerbs, type Stage, type StageVerb } from '../contract/stage.ts';
import type { LoadedStage, StageHost } from '../contract/stageHost.ts';
import { artifactBuffers, boundaryBuffers } from './buffers.ts';
import { CallsUnderWay } from './callsUnderWay.ts';
import './comlinkErrors.ts';
import type { StageService } from './stageService.ts';

export interface RemoteStages extends StageHost {
  /** Fails all calls under way and to come, and all stages: the other thread is gone. */
  lose(reason: Error): void;
}

/** @param onError told what the other thread answered, where that is an error */
export function remoteStages(
  service: Remote<StageService>,
  onError?: (error: unknown) => void,
): RemoteStages {
  // Each access makes another proxy.
  const { load, call } = service;
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  const underWay = new CallsUnderWay(onError);
  let loss: Error | undefined;
  let lastStageId = 0;

  async function guarded<Result>(begin: () => Promise<Result>): Promise<Result> {
    if (loss) throw loss;
    return underWay.run(begin);
  }

  return {
    async load(artifact, cacheBytes) {
      const stageId = ++lastStageId;
      const { description } = artifact;
      const ask = (verb: StageVerb, args: unknown[], buffers: ArrayBuffer[] = []): Promise<unknown> =>
        guarded(() => call(stageId, verb, transfer(args, buffers)));
      const verbs = stageVerbs.map((verb) => [verb, (...args: unknown[]) => ask(verb, args)]);
      const loaded: LoadedStage = {
        ...(Object.fromEntries(verbs) as Pick<Stage, StageVerb>),
        step: (request) => ask('step', [request], boundaryBuffers(request)) as ReturnType<Stage['step']>,
        description,
        ...(await guarded(() => load(stageId, transfer(artifact, artifactBuffers(artifact)), cacheBytes))),
        lost: lost.promise,
      };
      return loaded;
    },
    lose(reason) {
      if (loss) return;
      loss = reason;
      underWay.fail(reason);
      lost.reject(reason);
    },
  };
}
