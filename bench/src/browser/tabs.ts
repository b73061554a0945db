/** Our side in a browser: a real hub whose only workers are tabs with its join page. */
import type { Deploy, Deployment } from '@potluck/api';
import { hasEnded } from '@potluck/machine';
import { joinLink } from '@potluck/protocol';
import { messageOf } from '@potluck/worker';
import type { Browser } from 'playwright';
import { setTimeout as pause } from 'node:timers/promises';
import { startHub, type HubProcess } from '../../../e2e/support/hubProcess.ts';
import { ask } from '../ask.ts';
import type { Grid } from '../ourSide.ts';

/** Enough for the whole model and its caches in each tab. */
const memoryBytes = 1e9;
/** SwiftShader takes its time, on a busy machine minutes. */
const startDeadlineMs = 300_000;
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
    await startHub({
      port,
      waitUntilReady: false,
      flags: ['--model', modelDirectory, '--local-workers', '0', '--log-level', 'warn'],
    }),
  );
  const context = starting.use(await browser.newContext());
  const settings = JSON.stringify({ device: device === 'wasm' ? 'wasm' : 'auto' });
  await context.addInitScript((text) => localStorage.setItem('potluck.tab', text), settings);
  await isServed(hub);
  for (let tab = 1; tab <= tabs; tab++) {
    const page = await context.newPage();
    const link = { hubUrl: hub.url, token: hub.joinToken, name: `tab-${tab}`, memoryBytes, auto: true };
    await page.goto(joinLink(link));
    await page
      .locator('html[data-worker-state="contributing"]')
      .waitFor({ state: 'attached', timeout: startDeadlineMs });
  }
  await deployByHand(hub, tabs);
  const running = starting.move();
  return {
    stages: tabs,
    generate: (prompt, newTokens) => ask(hub.url, prompt, newTokens),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Gives every tab one stage, and waits until all of them serve. */
async function deployByHand(hub: HubProcess, tabs: number): Promise<void> {
  const { url } = hub;
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
  await lookUntil(hub, 'the tabs do not serve', async () => {
    const { ready, missing, replicas } = await theDeployment(url);
    const stages = replicas[0]?.stages ?? [];
    if (ready && stages.length === tabs && stages.every(({ state }) => state === 'ready')) return true;
    return missing ?? 'its stages are not ready';
  });
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
const isServed = (hub: HubProcess): Promise<void> =>
  lookUntil(hub, 'the hub does not answer', async () => {
    const { ok, status } = await fetch(`${hub.url}/api/deployments`);
    return ok || `it answers ${status}`;
  });

/**
 * @param look resolves with true, or with what is missing
 * @throws Error with `problem`, what was missing at last and what the hub has said, when it took too long or the hub ended
 */
async function lookUntil(
  hub: HubProcess,
  problem: string,
  look: () => Promise<string | true>,
): Promise<void> {
  const deadline = performance.now() + startDeadlineMs;
  for (;;) {
    const seen = await look().catch(messageOf);
    if (seen === true) return;
    if (hasEnded(hub.child) || performance.now() > deadline)
      throw new Error(`${problem}: ${seen}; the hub said:\n${hub.log()}`);
    await pause(lookEveryMs);
  }
}
