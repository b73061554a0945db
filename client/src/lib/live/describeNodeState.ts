import type { Node, Stage } from '@potluck/api';
import { fromHub } from '#lib/hub/fromHub.ts';

export interface NodeState {
  name: string;
  reason: string | undefined;
  tone: 'good' | 'busy' | 'idle' | 'bad';
  /** 0 to 1 while something is on its way. */
  progress?: number;
}

/** A stage's state in a word or two. */
export const stageStateNames = /* @wc-include */ {
  assigned: 'getting layers',
  downloading: 'downloading',
  compiling: 'compiling',
  warming: 'warming up',
  connecting: 'connecting',
  ready: 'running',
  released: 'released',
  failed: 'failed',
} as const satisfies Record<Stage['state'], string>;

const modeNames = /* @wc-include */ {
  paused: 'paused',
  draining: 'finishing answers',
  drained: 'paused',
  waiting: 'waiting for approval',
} as const;

/** A node's state in a word or two, and why it is in it. */
export function describeNodeState(node: Node): NodeState {
  const reason = node.reason === null ? undefined : fromHub(node.reason);
  if (node.mode !== 'active') {
    return { name: modeNames[node.mode], reason, tone: node.mode === 'draining' ? 'busy' : 'idle' };
  }
  const unready = node.stages.find(({ state }) => state !== 'ready');
  if (unready) return describeStage(unready);
  if (node.stages.length > 0) return { name: /* @wc-include */ 'running', reason, tone: 'good' };
  // Layers of a model that is moving there are of no pipeline yet.
  if (node.role === 'preparing') return { name: stageStateNames.assigned, reason, tone: 'busy' };
  return {
    name: /* @wc-include */ 'standby',
    reason: reason ?? 'ready to step in when another device leaves',
    tone: 'idle',
  };
}

/** A stage's state, with its progress in percent. */
export function describeStage({ state, reason, progress }: Stage): NodeState {
  const done = progress && progress.totalBytes > 0 ? progress.doneBytes / progress.totalBytes : undefined;
  const tone =
    state === 'failed' ? 'bad' : state === 'ready' ? 'good' : state === 'released' ? 'idle' : 'busy';
  return {
    name:
      done === undefined ? stageStateNames[state] : `${stageStateNames[state]} ${Math.floor(done * 100)} %`,
    reason: reason === null ? undefined : fromHub(reason),
    tone,
    ...(done === undefined ? {} : { progress: done }),
  };
}
