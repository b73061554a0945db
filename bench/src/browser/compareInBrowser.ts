/** The whole model in one page against tabs of Potluck, all in one Chromium, measured in turns. */
import type { Browser } from 'playwright';
import { relative } from 'node:path';
import type { BenchModel } from '../compare.ts';
import type { Grid } from '../ourSide.ts';
import { measureSplits } from '../hops.ts';
import { loadTokenizer, promptOfLength } from '../prompts.ts';
import { measure, summarise, type Result, type Row, type Side } from '../sides.ts';
import { median } from '../statistics.ts';
import { tabCosts, type TabCost } from './tabCosts.ts';
import { startTabGrid } from './tabs.ts';
import { openWholeModel, type PageServer } from './wholeModelPage.ts';

export type Backend = 'wasm' | 'webgpu';

export interface BackendSettings {
  promptLengths: number[];
  newTokens: number;
  rounds: number;
}

/** A side at a prompt length, and against transformers.js on the same graph: medians of the rounds' ratios. */
export interface BrowserRow extends Row {
  /** How many times as many tokens a second. */
  decodeRatio: number;
  /** How many times as long until the first token. */
  firstTokenRatio: number;
}

export interface BrowserComparison {
  backend: Backend;
  model: string;
  rows: BrowserRow[];
  tabCosts: TabCost[];
}

export interface CompareInBrowserInit {
  browser: Browser;
  server: PageServer;
  /** Whose whole models lie below `folder`, which the server serves; the first is what the others are compared with. */
  model: BenchModel;
  folder: string;
  backend: Backend;
  threads: number;
  firstPort: number;
}

const tabCounts = [1, 2];

export async function compareInBrowser(
  { browser, server, model, folder, backend, threads, firstPort }: CompareInBrowserInit,
  settings: BackendSettings,
): Promise<BrowserComparison> {
  const tokenizer = await loadTokenizer(model.directory);
  const prompts = settings.promptLengths.map((length) => promptOfLength(tokenizer, length));
  await using resources = new AsyncDisposableStack();
  const sides: Side[] = [];
  const grids: Grid[] = [];
  for (const { name, directory } of model.wholeModels) {
    const init = { path: relative(folder, directory), device: backend, threads };
    const whole = resources.use(await openWholeModel(browser, server, init));
    sides.push({
      name,
      run: (prompt) => whole.generate({ promptIds: prompt.ids, newTokens: settings.newTokens }),
    });
  }
  for (const [index, tabs] of tabCounts.entries()) {
    const init = { modelDirectory: model.directory, tabs, device: backend, port: firstPort + index };
    const grid = resources.use(await startTabGrid(browser, init));
    grids.push(grid);
    sides.push({
      name: `Potluck, ${tabs} ${tabs === 1 ? 'tab' : 'tabs'}`,
      run: (prompt) => grid.generate(prompt.content, settings.newTokens),
    });
  }
  const results = await measure(sides, prompts, settings.rounds);
  const rows = results.map((result): BrowserRow => {
    const whole = results.find(({ prompt }) => prompt === result.prompt) ?? result;
    return {
      ...summarise(result.side.name, result.prompt, result.runs),
      decodeRatio: ratio(whole, result, 'tokenMs'),
      firstTokenRatio: ratio(result, whole, 'firstTokenMs'),
    };
  });
  const [shortest] = prompts.toSorted((left, right) => left.ids.length - right.ids.length);
  const splits = shortest ? await measureSplits(grids, shortest, settings) : [];
  return { backend, model: model.name, rows, tabCosts: tabCosts(splits) };
}

/** Median over the rounds, since what slows a machine down slows the sides of one round alike. */
function ratio(over: Result, under: Result, what: 'tokenMs' | 'firstTokenMs'): number {
  return median(over.runs.map((run, round) => run[what] / (under.runs[round]?.[what] ?? Number.NaN)));
}
