/** The caller's end of the RPC: stages that another thread computes, behind the same contract as those of this one. */
import { transfer, type Remote } from 'comlink';
import { stageVerbs, type Stage, type StageVerb } from '../contract/stage.ts';
import type { LoadedStage, StageHost } from '../contract/stageHost.ts';
import { artifactBuffers, boundaryBuffers } from './buffers.ts';
import { CallsUnderWay } from './callsUnderWay.ts';
import './comlinkErrors.ts';
import { callOver, type LaneCaller } from './lane.ts';
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
  const { load } = service;
  const lanes = new Set<LaneCaller>();
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  /** Calls of a stage wait in its lane. */
  const loading = new CallsUnderWay(onError);
  let loss: Error | undefined;

  return {
    async load(artifact, cacheBytes) {
      if (loss) throw loss;
      const { description } = artifact;
      const { port1, port2 } = new MessageChannel();
      const lane = callOver(port1, onError);
      lanes.add(lane);
      const close = (): void => {
        lanes.delete(lane);
        lane.close();
      };
      const verbs = stageVerbs.map((verb) => [verb, (...args: unknown[]) => lane.call(verb, args, [])]);
      const all = Object.fromEntries(verbs) as Pick<Stage, StageVerb>;
      const given = transfer(artifact, artifactBuffers(artifact));
      const facts = loading.run(() => load(given, cacheBytes, transfer(port2, [port2])));
      const loaded: LoadedStage = {
        ...all,
        step: (request) =>
          lane.call('step', [request], boundaryBuffers(request)) as ReturnType<Stage['step']>,
        dispose: () => all.dispose().finally(close),
        description,
        ...(await facts.catch((error: unknown) => {
          close();
          throw error;
        })),
        lost: lost.promise,
      };
      return loaded;
    },
    lose(reason) {
      if (loss) return;
      loss = reason;
      loading.fail(reason);
      for (const lane of lanes) lane.lose(reason);
      lanes.clear();
      lost.reject(reason);
    },
  };
}
