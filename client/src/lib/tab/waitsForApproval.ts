/** Whether this device is in, and the person who runs the hub has not approved it yet. */
import type { Node } from '@potluck/api';
import type { TabSnapshot } from '@potluck/browser-worker';

/** @param mode of this device by the hub's live events, where this browser may see them: it was approved meanwhile */
export function waitsForApproval(
  { state, hub }: Pick<TabSnapshot, 'state' | 'hub'>,
  mode: Node['mode'] | undefined,
): boolean {
  if (state === 'paused' || hub.state !== 'joined' || hub.waitsForApproval !== true) return false;
  return mode === undefined || mode === 'waiting';
}
