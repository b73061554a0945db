import type { Sha256 } from '@potluck/protocol';
import type { AgentEvent } from '@potluck/worker';
import type { TabAgentEvent } from './agentApi.ts';
import { throttle } from './throttle.ts';

/** @returns what passes events on in their order, those of blobs together and at most once in `everyMs` */
export function gatherBlobEvents(
  observe: (event: TabAgentEvent) => void,
  everyMs: number,
): (event: AgentEvent) => void {
  const changed = new Map<Sha256, { doneBytes: number; cached: boolean }>();
  const tellBlobs = (): void => {
    const blobs = [...changed].map(([sha256, state]) => ({ sha256, ...state }));
    changed.clear();
    if (blobs.length > 0) observe({ type: 'blobs', blobs });
  };
  const tellBlobsSoon = throttle(everyMs, tellBlobs);
  return (event) => {
    if (event.type === 'blob') {
      changed.set(event.blob.sha256, { doneBytes: event.doneBytes, cached: event.cached });
      tellBlobsSoon();
      return;
    }
    // Else a stage would be seen to compile before its weights are seen to be here.
    tellBlobs();
    observe(event);
  };
}
