/** What `GET /health` and `GET /api/nodes` answer. */

export type StageStateName =
  'assigned' | 'downloading' | 'compiling' | 'warming' | 'connecting' | 'ready' | 'failed' | 'released';

export interface StageView {
  assignmentId: string;
  workerId: string;
  workerName: string;
  /** Counted from 0, both inclusive. */
  firstLayer: number;
  lastLayer: number;
  state: StageStateName;
  reason?: string;
  progress?: { doneBytes: number; totalBytes: number };
  weightBytes?: number;
  /** What caches may take; known once the stage is ready. */
  cacheBytes?: number;
}

export interface PeerView {
  id: string;
  state: 'connecting' | 'direct' | 'relayed' | 'lost';
  reason?: string;
  roundTripMs?: number;
}

export interface NodeView {
  id: string;
  name: string;
  kind: 'node' | 'browser';
  version: string;
  device: { kind: 'cpu' | 'webgpu' | 'cuda' | 'wasm'; description: string; float16: boolean };
  memoryBytes: number;
  /** Unix milliseconds. */
  joinedAt: number;
  role: 'serving' | 'standby';
  stages: StageView[];
  peers: PeerView[];
}

export interface DeploymentView {
  model: string;
  layers: number;
  ready: boolean;
  missing: string | null;
  epoch: number | null;
  route: string | null;
}

export interface NodesAnswer {
  deployment: DeploymentView;
  nodes: NodeView[];
  load?: { running: number; waiting: number };
}
