/**
 * What the join page and this package agree on: the page is opened by a join link with `auto` and starts by itself, and
 * it writes its state into `<html data-worker-state="…">`, with `data-worker-problem` where there is one.
 */
import type { Page } from 'playwright';

/** What the page says about its worker. */
export interface PageState {
  /** As packages/browser-worker names it; `refused` is final. */
  state: string;
  problem: string | undefined;
}

const binding = 'potluckWorkerState';

/** Tells `listen` about every change, on every page that is opened from now on. */
export async function watchWorkerState(page: Page, listen: (state: PageState) => void): Promise<void> {
  let last = '';
  await page.exposeBinding(binding, (_source, state: string, problem: string) => {
    if (last === `${state} ${problem}`) return;
    last = `${state} ${problem}`;
    listen({ state, problem: problem === '' ? undefined : problem });
  });
  await page.addInitScript((name) => {
    const tell = (globalThis as unknown as Record<string, (state: string, problem: string) => void>)[name];
    const attributes = ['data-worker-state', 'data-worker-problem'];
    const look = (): void => {
      const { workerState, workerProblem } = document.documentElement.dataset;
      if (workerState !== undefined) tell?.(workerState, workerProblem ?? '');
    };
    new MutationObserver(look).observe(document, {
      attributes: true,
      subtree: true,
      attributeFilter: attributes,
    });
  }, binding);
}
