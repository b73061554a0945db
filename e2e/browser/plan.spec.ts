/** What the app says before a model is put on nodes, and what it measured of the links between them. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Browser, type BrowserContext, type Locator, type Page } from '@playwright/test';
import type { Node } from '@potluck/api';
import { startHub, type HubProcess } from '../support/hubProcess.ts';
import { launchChromium } from './support/chromium.ts';

let hub: HubProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;

test.beforeAll(async () => {
  hub = await startHub({ flags: ['--local-workers', '3'] });
  browser = await launchChromium();
  // Whichever of them came first: these two, in this order.
  await expect.poll(async () => (await nodes()).length).toBe(3);
  const here = await nodes();
  const stages = ['local-1', 'local-2'].map((name) => ({
    nodeId: here.find((node) => node.name === name)?.id,
  }));
  const answer = await fetch(`${hub.url}/api/deployments`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'minimind2-small', plan: { mode: 'manual', stages }, revision: 1 }),
  });
  expect(answer.status).toBe(200);
});

test.afterAll(async () => {
  await browser.close();
  await hub[Symbol.asyncDispose]();
});

test.beforeEach(async () => {
  context = await browser.newContext({ baseURL: hub.url, viewport: { width: 1280, height: 1000 } });
  page = await context.newPage();
});

test.afterEach(() => context.close());

async function nodes(): Promise<Node[]> {
  return ((await (await fetch(`${hub.url}/api/nodes`)).json()) as { nodes: Node[] }).nodes;
}

async function seriousViolations(): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
}

/** Opens the dialog, ready for a plan by hand. */
async function planByHand(): Promise<{ shards: Locator; preview: Locator }> {
  await page.goto('/models');
  const card = page.getByRole('region', { name: 'minimind2-small' });
  await expect(card.getByRole('listitem').filter({ hasText: 'serving' })).toHaveCount(2);
  await card.getByRole('button', { name: 'Change how it is deployed' }).click();
  await page.getByLabel('A device for each shard').check();
  return {
    shards: page.getByLabel(/^Device of shard/),
    preview: page.getByRole('region', { name: 'What would happen' }),
  };
}

const chosen = (shards: Locator): Promise<string[]> =>
  shards.evaluateAll((all) => all.map((one) => (one as HTMLSelectElement).selectedOptions[0]?.text ?? ''));

test('links are measured while nobody asks: in the matrix, and in the picture', async () => {
  await page.goto('/nodes');
  const matrix = page.getByRole('table', { name: 'How they reach each other' });
  await expect(matrix.getByRole('cell', { name: /^direct .*ms .*B\/s$/ })).toHaveCount(2);
  await expect(matrix.getByRole('cell', { name: 'not measured', exact: true })).toHaveCount(4);
  const measured = String.raw`: direct, [\d.]+ ms, [\d.]+ [kMG]B/s, a \w+ link`;
  await expect(page.getByRole('img', { name: /around a table/ })).toHaveAccessibleName(
    new RegExp(`local-1 to local-2${measured}; local-2 to local-1${measured}`),
  );
  expect(await seriousViolations()).toEqual([]);
});

test('a preview says how fast it would be, what takes the time, and how sure that is', async () => {
  const { preview } = await planByHand();
  await expect(preview.getByText('nothing to move')).toHaveCount(2);
  await expect(preview).toContainText(/About \d+ tokens a second\. Measured here\./);
  await expect(preview).toContainText(/Most of it is .* of each token/);
  await preview.getByText(/Where each token’s .* go/).click();
  await expect(preview).toContainText(/local-1 computes layers 0–3.*measured when its layers were tried/);
  await expect(preview).toContainText(/local-1 to local-2.*direct, round trip/);
  await page.getByRole('button', { name: 'Add local-3' }).click();
  await expect(preview).toContainText('Partly a guess');
  await expect(preview).toContainText(/local-2 to local-3.*a guess: a usual link has/);
  expect(await seriousViolations()).toEqual([]);
});

test('shards change places by keyboard, by drag, and by choosing another device', async () => {
  const { shards, preview } = await planByHand();
  await expect.poll(() => chosen(shards)).toEqual(['local-1', 'local-2']);
  await page.getByRole('button', { name: 'local-1 later' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => chosen(shards)).toEqual(['local-2', 'local-1']);
  // At the end there is no later: the keyboard is on the way back.
  await expect(page.getByRole('button', { name: 'local-1 earlier' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect.poll(() => chosen(shards)).toEqual(['local-1', 'local-2']);

  const rows = page.getByRole('listitem').filter({ has: shards });
  await rows.nth(1).locator('i').dragTo(rows.nth(0).locator('i'));
  await expect.poll(() => chosen(shards)).toEqual(['local-2', 'local-1']);

  await shards.first().selectOption('local-1');
  await expect.poll(() => chosen(shards)).toEqual(['local-1', 'local-2']);
  await shards.first().selectOption('local-3');
  await expect.poll(() => chosen(shards)).toEqual(['local-3', 'local-2']);
  await expect(preview.getByRole('listitem').first()).toContainText('local-3 layers 0–3');
  await page.getByRole('button', { name: 'Deploy it so' }).click();
  const card = page.getByRole('region', { name: 'minimind2-small' });
  await expect(card.getByRole('listitem').filter({ hasText: /local-3.*layers 0–3.*serving/ })).toHaveCount(1);
});
