/** What takes most of a token's time, in words. */
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
  const ofToken = (part: number): string => `${format(part)} of the ${format(milliseconds)} ms of each token`;
  if (!slowest || !longest || passing <= slowest.milliseconds) {
    return `computing at ${slowest?.name ?? 'nobody'}: ${ofToken(slowest?.milliseconds ?? 0)}`;
  }
  const nameOf = (id: string): string => stages.find(({ nodeId }) => nodeId === id)?.nodeName ?? id;
  const way = `${nameOf(longest.fromNodeId)} to ${nameOf(longest.toNodeId)}${longest.relayed ? ', through the hub' : ''}`;
  return `the way between devices: ${ofToken(passing)}, most of it from ${way}`;
}

/** Milliseconds with two significant digits below 10. */
export function format(milliseconds: number): string {
  return milliseconds < 10 ? milliseconds.toPrecision(2) : milliseconds.toFixed(0);
}
