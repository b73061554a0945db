/** Whether the hub can download models now, as it says when it is asked. */
import type { RemoteHubState } from '@potluck/api';
import { fromHub } from '#lib/hub/fromHub.ts';
import { hubJson } from '#lib/hub/hubFetch.ts';

export class RemoteHub {
  /** Why models can't be downloaded now; undefined where they can, or nobody knows. */
  unreachable = $state<string>();
  /** True once the hub has answered, or did not. */
  isAsked = $state(false);

  /** Asks now and whenever the person comes back, until the returned function is called: they may have mended the way to it. */
  follow(): () => void {
    const ending = new AbortController();
    const look = (): void => void this.#look();
    look();
    window.addEventListener('focus', look, { signal: ending.signal });
    window.addEventListener('online', look, { signal: ending.signal });
    return () => ending.abort();
  }

  async #look(): Promise<void> {
    const state = await hubJson<RemoteHubState>('/api/remote-hub').catch(() => undefined);
    this.unreachable = state?.problem ? fromHub(state.problem) : undefined;
    this.isAsked = true;
  }
}
