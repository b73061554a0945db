/** How a model is to be placed, as options of a command. */
import type { DeploymentPlan, Node } from '@potluck/api';
import { CommandError } from '../hub/hubClient.ts';

export interface PlanOptions {
  shards?: number;
  replicas?: number;
  /** Up to so many while requests wait. */
  mostReplicas?: number;
  /** `NAME` or `NAME:FIRST-LAST`, in the order of the layers. */
  node?: string[];
}

/**
 * @param nodes those that are here, to find ids by names
 * @throws CommandError where the options do not go together, or a node is not here
 */
export function planOf(
  { shards, replicas = 1, mostReplicas, node }: PlanOptions,
  nodes: readonly Node[],
): DeploymentPlan {
  if (mostReplicas !== undefined && (node !== undefined || shards !== undefined)) {
    throw new CommandError(
      '--most-replicas is for models that the hub places by itself; leave it out, or --node and --shards.',
    );
  }
  if (node === undefined) {
    return shards === undefined
      ? { mode: 'automatic', replicas, ...(mostReplicas !== undefined && { mostReplicas }) }
      : { mode: 'shards', count: shards, replicas };
  }
  if (shards !== undefined || replicas !== 1) {
    throw new CommandError('--node names every shard by itself; leave --shards and --replicas out.');
  }
  return { mode: 'manual', stages: node.map((text) => stageOf(text, nodes)) };
}

function stageOf(
  text: string,
  nodes: readonly Node[],
): Extract<DeploymentPlan, { mode: 'manual' }>['stages'][number] {
  const [, name = text, first, last] = /^(.*):(\d+)-(\d+)$/.exec(text) ?? [];
  const found = nodes.filter((node) => node.id === name || node.name === name);
  if (found.length !== 1) {
    const names = nodes.map((node) => node.name).join(', ') || 'none';
    const problem = found.length === 0 ? `There is no node '${name}'.` : `There are several nodes '${name}'.`;
    throw new CommandError(`${problem} Here are: ${names}. An id works, too.`);
  }
  const nodeId = found[0]?.id ?? '';
  return first === undefined ? { nodeId } : { nodeId, firstLayer: Number(first), lastLayer: Number(last) };
}
