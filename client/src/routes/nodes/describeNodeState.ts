import type { NodeView, StageView } from '#lib/grid/gridState.ts';

export interface NodeState {
  name: string;
  reason?: string;
  tone: 'good' | 'busy' | 'idle' | 'bad';
}

const busyNames = {
  assigned: 'getting its layers',
  downloading: 'downloading',
  compiling: 'compiling',
  warming: 'warming up',
  connecting: 'connecting',
} as const;

/** A node's state in a word or two, and why it is in it. */
export function describeNodeState(node: NodeView): NodeState {
  const [stage] = node.stages.filter(({ state }) => state !== 'ready');
  if (stage) return describeStage(stage);
  return node.stages.length > 0
    ? { name: 'serving', tone: 'good' }
    : { name: 'standby', tone: 'idle', reason: 'ready to take over layers' };
}

function describeStage({ state, reason, progress }: StageView): NodeState {
  if (state === 'failed' || state === 'released' || state === 'ready') {
    return {
      name: state,
      tone: state === 'failed' ? 'bad' : 'idle',
      ...(reason === undefined ? {} : { reason }),
    };
  }
  const percent =
    progress && progress.totalBytes > 0
      ? ` ${Math.floor((100 * progress.doneBytes) / progress.totalBytes)} %`
      : '';
  return { name: busyNames[state] + percent, tone: 'busy', ...(reason === undefined ? {} : { reason }) };
}
