/** The grid as the hub sees it, kept up to date while any page looks at it. */
import { messageOf } from '#lib/hub/errors.ts';
import { hubJson } from '#lib/hub/hubFetch.ts';
import type { DeploymentView, NodesAnswer, NodeView } from './gridState.ts';

/** Pause between two looks, in milliseconds. */
const lookEveryMs = 1500;

class Grid {
  nodes = $state.raw<NodeView[]>([]);
  deployment = $state.raw<DeploymentView>();
  load = $state.raw({ running: 0, waiting: 0 });
  /** False until the hub has answered for the first time. */
  known = $state(false);
  /** Why what is shown may be old; undefined while the hub answers. */
  problem = $state<string>();
  #watchers = 0;
  #stop: AbortController | undefined;

  /** Looks until the returned function is called; several pages may watch at once. */
  watch(): () => void {
    this.#watchers += 1;
    if (this.#watchers === 1) void this.#follow((this.#stop = new AbortController()).signal);
    return () => {
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#stop?.abort();
    };
  }

  /** Looks once, now: after an action that changes the grid. */
  async look(signal?: AbortSignal): Promise<void> {
    try {
      const answer = await hubJson<NodesAnswer>('/api/nodes', signal ? { signal } : {});
      this.nodes = answer.nodes;
      this.deployment = answer.deployment;
      if (answer.load) this.load = answer.load;
      this.known = true;
      this.problem = undefined;
    } catch (error) {
      if (!signal?.aborted) this.problem = messageOf(error);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
}

export const grid = new Grid();
