/** How long conversations may be that a model answers now. */
import { contextOf, describeContext } from '../placement/contextOf.ts';
import type { Deployment } from './deployment.ts';

/** By the replica that takes the longest. @returns undefined while none serves */
export function servedContext({
  model: { package: model },
  replicas,
}: Pick<Deployment, 'model' | 'replicas'>): { tokens: number; reason: string | undefined } | undefined {
  const [roomiest] = replicas
    .flatMap(({ ready }) => (ready ? [ready.stages] : []))
    .sort((one, other) => contextOf(model, other).tokens - contextOf(model, one).tokens);
  if (!roomiest) return undefined;
  const reason = describeContext(model, roomiest, ({ workerName }) => workerName);
  return { tokens: contextOf(model, roomiest).tokens, reason };
}
