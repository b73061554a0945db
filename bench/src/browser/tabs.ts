/** Our side in a browser: a real hub whose only workers are tabs with its join page. */
import type { Deploy, Deployment } from '@potluck/api';
import { joinLink } from '@potluck/protocol';
import type { Browser } from 'playwright';
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../ask.ts';
import type { Grid } from '../grid.ts';
import { startHub } from '../hub.ts';

const joinToken = 'join-token-of-the-bench';
/** Enough for the whole model and its caches in each tab. */
const memoryBytes = 1e9;
/** SwiftShader takes its time. */
const startDeadlineMs = 120_000;
/** Between two looks at a deployment. */
const lookEveryMs = 200;

export interface TabGridInit {
  modelDirectory: string;
  /** Each serves one stage. */
  tabs: number;
  device: 'wasm' | 'webgpu';
  port: number;
}

export async function startTabGrid(browser: Browser, init: TabGridInit): Promise<Grid> {
  const { modelDirectory, tabs, device, port } = init;
  await using starting = new AsyncDisposableStack();
  const hub = starting.use(
    await startHub(port, ['--model', modelDirectory, '--local-workers', '0', '--join-token', joinToken]),
  );
  const context = starting.use(await browser.newContext());
  const settings = JSON.stringify({ device: device === 'wasm' ? 'wasm' : 'auto' });
  await context.addInitScript((text) => localStorage.setItem('potluck.tab', text), settings);
  await isServed(`${hub.url}/api/deployments`);
  for (let tab = 1; tab <= tabs; tab++) {
    const page = await context.newPage();
    const link = { hubUrl: hub.url, token: joinToken, name: `tab-${tab}`, memoryBytes, auto: true };
    await page.goto(joinLink(link));
    await page
      .locator('html[data-worker-state="contributing"]')
      .waitFor({ state: 'attached', timeout: startDeadlineMs });
  }
  await hub.ready;
  await deployByHand(hub.url, tabs);
  const running = starting.move();
  return {
    stages: tabs,
    generate: (prompt, newTokens) => ask(hub.url, prompt, newTokens),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Gives every tab one stage, and waits until all of them serve. */
async function deployByHand(url: string, tabs: number): Promise<void> {
  const { nodes } = await getJson<{ nodes: { id: string }[] }>(`${url}/api/nodes`);
  if (nodes.length !== tabs) throw new Error(`${nodes.length} of ${tabs} tabs joined the hub`);
  const deployment = await theDeployment(url);
  const deploy: Deploy = {
    model: deployment.model,
    plan: { mode: 'manual', stages: nodes.map(({ id }) => ({ nodeId: id })) },
    revision: deployment.revision,
  };
  const response = await fetch(`${url}/api/deployments`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(deploy),
  });
  if (!response.ok) throw new Error(`the hub refuses the plan: ${await response.text()}`);
  for (;;) {
    const { ready, missing, replicas } = await theDeployment(url);
    const stages = replicas[0]?.stages ?? [];
    if (ready && stages.length === tabs && stages.every(({ state }) => state === 'ready')) return;
    const failed = stages.find(({ state }) => state === 'failed');
    if (failed) throw new Error(`a tab failed: ${failed.reason ?? missing ?? 'no reason was given'}`);
    await pause(lookEveryMs);
  }
}

async function theDeployment(url: string): Promise<Deployment> {
  const { deployments } = await getJson<{ deployments: Deployment[] }>(`${url}/api/deployments`);
  const [deployment] = deployments;
  if (!deployment) throw new Error('the hub serves nothing');
  return deployment;
}

async function getJson<Body>(url: string): Promise<Body> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}

/** Waits until the hub answers: it reads its model first. */
async function isServed(url: string): Promise<void> {
  for (;;) {
    const served = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (served) return;
    await pause(lookEveryMs);
  }
}
