/** A stage host that tells a meter of its steps, except those that only try a stage, and of changes in what it uses. */
import type { StageHost } from '@potluck/engine';
import { trialCacheId } from '../stage-host/measureTokenStep.ts';
import type { LoadMeter } from './loadMeter.ts';

export function meteredStageHost(host: StageHost, meter: LoadMeter): StageHost {
  return {
    async load(...request) {
      const stage = await host.load(...request);
      meter.changed();
      return {
        ...stage,
        async open(request) {
          await stage.open(request);
          meter.changed();
        },
        async release(cacheId) {
          await stage.release(cacheId);
          meter.changed();
        },
        async dispose() {
          await stage.dispose();
          meter.changed();
        },
        async encode(request) {
          const result = await stage.encode(request);
          meter.add(result.computeMs);
          return result;
        },
        async step(request) {
          const result = await stage.step(request);
          if (request.cacheId !== trialCacheId) meter.add(result.computeMs);
          return result;
        },
      };
    },
  };
}
