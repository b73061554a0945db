import type { Node } from '@potluck/api';
import type { HubProcess } from './hubProcess.ts';

/** The nodes that are at a hub now, as its API tells. */
export async function nodesOf(hub: HubProcess): Promise<Node[]> {
  const response = await fetch(`${hub.url}/api/nodes`);
  return ((await response.json()) as { nodes: Node[] }).nodes;
}
