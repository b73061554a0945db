/** What `GET /api/requests/:id` says of an answer's way through the grid. */

export interface TrailStage {
  workerId: string;
  worker: string;
  /** Counted from 0, both inclusive. */
  firstLayer: number;
  lastLayer: number;
  /** Milliseconds; missing where the worker was gone before it could tell. */
  queueMs?: number;
  computeMs?: number;
  transferMs?: number;
  tokens?: number;
  bytesIn?: number;
  bytesOut?: number;
  path?: 'direct' | 'relayed';
  replays?: number;
}

export interface RequestTrail {
  id: string;
  status: string;
  queueMs: number | null;
  firstTokenMs: number | null;
  totalMs: number | null;
  epoch: number;
  replays?: number;
  stages: TrailStage[];
}

/** Reads `worker[first-last],…` as the `x-potluck-route` header has it. */
export function parseRoute(route: string): Pick<TrailStage, 'worker' | 'firstLayer' | 'lastLayer'>[] {
  return [...route.matchAll(/([^,[\]]+)\[(\d+)-(\d+)\]/g)].map(([, worker = '', first, last]) => ({
    worker,
    firstLayer: Number(first),
    lastLayer: Number(last),
  }));
}
