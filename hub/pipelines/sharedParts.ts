/** Does a model run on fewer devices than it was to be parted over? */
import { hubText } from '@potluck/api/hub-texts';
import type { Deployment } from './deployment.ts';

/** For people, of the replica with fewest devices. @returns undefined where each part has its own device, and while none serves */
export function describeSharedParts({
  plan,
  replicas,
}: Pick<Deployment, 'plan' | 'replicas'>): string | undefined {
  if (plan.mode !== 'shards') return undefined;
  const devices = replicas.flatMap(({ ready }) =>
    ready ? [new Set(ready.stages.map(({ workerId }) => workerId)).size] : [],
  );
  const count = Math.min(...devices, plan.count);
  if (count === plan.count) return undefined;
  const parts = plan.count;
  return count === 1
    ? hubText('parts-at-one-device', { parts })
    : hubText('parts-at-devices', { parts, count });
}
