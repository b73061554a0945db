/** How long it takes until tabs that join all at once serve a model. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Deployment } from '@potluck/api';
import { joinLink } from '@potluck/protocol';
import { startHub } from '../../../e2e/support/hubProcess.ts';
import { nodesOf } from '../../../e2e/support/nodes.ts';
import { launchTestBrowser } from '../../../e2e/support/testBrowser.ts';
import type { BenchModel } from '../compare.ts';

/** Enough for the whole model and its caches in each tab. */
const memoryBytes = 1e9;
/** More stages than this tell nothing more. */
const mostStages = 4;

export interface JoiningRow {
  /** Of one Chromium, each with files of its own. */
  tabs: number;
  stages: number;
  /** From the first page's opening until all tabs are nodes, in milliseconds. */
  'ms until joined': number;
  /** From the same moment until the model is served. */
  'ms until served': number;
}

export async function measureJoining(
  model: Pick<BenchModel, 'directory'>,
  tabCounts: readonly number[],
): Promise<JoiningRow[]> {
  const rows: JoiningRow[] = [];
  for (const tabs of tabCounts) rows.push(await join(model, tabs));
  return rows;
}

async function join({ directory }: Pick<BenchModel, 'directory'>, tabs: number): Promise<JoiningRow> {
  const stages = Math.min(mostStages, tabs);
  await using hub = await startHub({
    waitUntilReady: false,
    flags: ['--model', directory, '--stages', String(stages), '--local-workers', '0', '--log-level', 'warn'],
  });
  // The model comes in, once the hub has started.
  const isIn = async (): Promise<boolean> => {
    const response = await fetch(`${hub.url}/api/deployments`);
    const { deployments } = (await response.json()) as { deployments?: Deployment[] };
    return (deployments?.[0]?.layers ?? 0) > 0;
  };
  while (!(await isIn())) await pause(50);
  await using browser = await launchTestBrowser();
  const settings = JSON.stringify({ device: 'wasm' });
  const pages = await Promise.all(
    Array.from({ length: tabs }, async () => {
      const context = await browser.newContext();
      await context.addInitScript((text) => localStorage.setItem('potluck.tab', text), settings);
      return context.newPage();
    }),
  );
  const began = performance.now();
  await Promise.all(
    pages.map((page, index) => {
      const link = {
        hubUrl: hub.url,
        token: hub.joinToken,
        name: `tab-${index + 1}`,
        memoryBytes,
        auto: true,
      };
      return page.goto(joinLink(link), { timeout: 0 });
    }),
  );
  while ((await nodesOf(hub)).length < tabs) await pause(20);
  const joinedMs = performance.now() - began;
  while (!(await fetch(`${hub.url}/health/ready`)).ok) await pause(20);
  return { tabs, stages, 'ms until joined': joinedMs, 'ms until served': performance.now() - began };
}
