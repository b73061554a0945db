/** A stage host whose steps are metered, except those that only try a stage. */
import type { StageHost } from '../stage-host/StageHost.ts';
import { trialCacheId } from '../stage-host/measureTokenStep.ts';
import type { LoadMeter } from './LoadMeter.ts';

export function meteredStageHost(host: StageHost, meter: LoadMeter): StageHost {
  return {
    async load(artifact, cacheBytes) {
      const stage = await host.load(artifact, cacheBytes);
      return {
        ...stage,
        async step(request) {
          const result = await stage.step(request);
          if (request.cacheId !== trialCacheId) meter.add(result.computeMs);
          return result;
        },
      };
    },
  };
}
