/** A page that shows a grid which nobody has: what the hub would tell of it is made of what it tells of its own. */
import type { Deployment, Model, Node, Snapshot } from '@potluck/api';
import type { Page } from '@playwright/test';

/**
 * From the next page on, this is all that the page hears.
 * @param change makes the grid of the real one
 */
export async function pretendGrid(
  page: Page,
  hubUrl: string,
  change: (real: Snapshot) => Snapshot,
): Promise<void> {
  const get = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${hubUrl}/api${path}`)).json()) as T;
  const { nodes } = await get<{ nodes: Node[] }>('/nodes');
  const { models } = await get<{ models: Model[] }>('/models');
  const { deployments } = await get<{ deployments: Deployment[] }>('/deployments');
  const snapshot = change({ nodes, models, deployments, imports: [], requests: [] });
  await page.addInitScript(
    (told) => {
      Reflect.deleteProperty(globalThis, 'SharedWorker');
      // No class: what builds tests moves its fields out of what the page gets.
      const open = function (): EventTarget {
        const source = Object.assign(new EventTarget(), { readyState: 1, close: () => undefined });
        addEventListener('pretend', ({ detail }: CustomEventInit<string>) =>
          source.dispatchEvent(new Event(detail ?? '')),
        );
        setTimeout(() => {
          source.dispatchEvent(new Event('open'));
          source.dispatchEvent(new MessageEvent('snapshot', { data: told }));
        });
        return source;
      };
      globalThis.EventSource = Object.assign(open, { CLOSED: 2 }) as unknown as typeof EventSource;
    },
    JSON.stringify({ type: 'snapshot', snapshot }),
  );
}

/** Lets such a page lose its connection to the hub, or get it back. */
export async function pretendConnection(page: Page, state: 'lost' | 'back'): Promise<void> {
  await page.evaluate(
    (detail) => dispatchEvent(new CustomEvent('pretend', { detail })),
    state === 'lost' ? 'error' : 'open',
  );
}
