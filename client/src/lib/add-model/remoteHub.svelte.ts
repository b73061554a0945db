/** Whether the hub can download models now, as it says when it is asked. */
import type { RemoteHubState } from '@potluck/api';
import { fromHub } from '#lib/hub/fromHub.ts';
import { hubJson } from '#lib/hub/hubFetch.ts';

export class RemoteHub {
  /** Why models can't be downloaded now; undefined where they can, or nobody knows. */
  unreachable = $state<string>();
  /** True once the hub has answered. */
  isAsked = $state(false);

  async look(): Promise<void> {
    const state = await hubJson<RemoteHubState>('/api/remote-hub').catch(() => undefined);
    this.unreachable = state?.problem ? fromHub(state.problem) : undefined;
    this.isAsked = true;
  }
}
