/** What takes most of a token's time, in words. */
import { hubText } from '@potluck/api/hub-texts';
import type { TokenTime } from './tokenTime.ts';

export function describeDominant({ milliseconds, stages, hops }: TokenTime): string {
  const computing = new Map<string, { name: string; milliseconds: number }>();
  for (const { nodeId, nodeName, milliseconds: own } of stages) {
    const before = computing.get(nodeId)?.milliseconds ?? 0;
    computing.set(nodeId, { name: nodeName, milliseconds: before + own });
  }
  const [slowest] = [...computing.values()].sort((one, other) => other.milliseconds - one.milliseconds);
  const [longest] = [...hops].sort((one, other) => other.milliseconds - one.milliseconds);
  const passing = hops.reduce((sum, hop) => sum + hop.milliseconds, 0);
  const ofToken = (part: number): { spent: string; milliseconds: string } => ({
    spent: format(part),
    milliseconds: format(milliseconds),
  });
  if (!slowest || !longest || passing <= slowest.milliseconds) {
    return hubText('computing-at', {
      device: slowest?.name ?? 'nobody',
      ...ofToken(slowest?.milliseconds ?? 0),
    });
  }
  const nameOf = (id: string): string => stages.find(({ nodeId }) => nodeId === id)?.nodeName ?? id;
  return hubText(longest.relayed ? 'way-through-the-hub' : 'way-between', {
    ...ofToken(passing),
    device: nameOf(longest.fromNodeId),
    other: nameOf(longest.toNodeId),
  });
}

/** Milliseconds with two significant digits below 10. */
export function format(milliseconds: number): string {
  return milliseconds < 10 ? milliseconds.toPrecision(2) : milliseconds.toFixed(0);
}
