/** What `plan` knows of the workers that are here. */
import type { WorkerId } from '@potluck/protocol';
import type { GridView } from '../../placement/gridView.ts';

export interface Grid {
  /** Built when it is first asked for; the same value while nothing of it changes. */
  readonly view: GridView;
  /**
   * The same object while no worker came, went, or has other memory or another device, and no stage was reserved or
   * freed: what was refused is refused again. Speeds, links and presence may differ.
   */
  readonly capacity: object;
  /** How many workers, beside those that are here, are just being started. */
  readonly workersStarting: number;
  /** How much of the grid's memory may be in use while workers load stages to stand by: 0 to 1; 0: nobody does. */
  readonly standbyShare: number;
  isHere(workerId: WorkerId): boolean;
  /** True where it is here and may have stages. */
  isUsable(workerId: WorkerId): boolean;
  /** See `deviceKind`; undefined where it is not here. */
  deviceKindOf(workerId: WorkerId): string | undefined;
  /** What people call a node, also one that is away. */
  nameOf(nodeId: string): string;
}
