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
  const underWay = new CallsUnderWay(onError);
  let loss: Error | undefined;

  async function guarded<Result>(begin: () => Promise<Result>): Promise<Result> {
    if (loss) throw loss;
    return underWay.run(begin);
  }

  return {
    async load(artifact, cacheBytes) {
      const { description } = artifact;
      const { port1, port2 } = new MessageChannel();
      const lane = callOver(port1);
      lanes.add(lane);
      const close = (): void => {
        lanes.delete(lane);
        lane.close();
      };
      const ask = (verb: StageVerb, args: unknown[], buffers: ArrayBuffer[] = []): Promise<unknown> =>
        guarded(() => lane.call(verb, args, buffers));
      const verbs = stageVerbs.map((verb) => [verb, (...args: unknown[]) => ask(verb, args)]);
      const all = Object.fromEntries(verbs) as Pick<Stage, StageVerb>;
      const given = transfer(artifact, artifactBuffers(artifact));
      const facts = guarded(() => load(given, cacheBytes, transfer(port2, [port2])));
      const loaded: LoadedStage = {
        ...all,
        step: (request) => ask('step', [request], boundaryBuffers(request)) as ReturnType<Stage['step']>,
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
      underWay.fail(reason);
      for (const lane of lanes) lane.lose();
      lanes.clear();
      lost.reject(reason);
    },
  };
}
