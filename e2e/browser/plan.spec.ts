/** What the app says before a model is put on nodes, and what it measured of the links between them. */
import { expect, test, type Locator, type Page, type Request } from './support/fixtures.ts';
import type { Deployment, Node } from '@potluck/api';
import { changeSettings } from '../support/changeSettings.ts';
import type { HubProcess } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { appOnHub } from './support/appOnHub.ts';
import { seriousViolations } from './support/appPage.ts';

const app = appOnHub({
  flags: ['--local-workers', '3'],
  viewport: { width: 1280, height: 1000 },
  reusesPage: true,
});
let hub: HubProcess;
let page: Page;

test.beforeAll(async () => {
  ({ hub } = app);
  // The third one stays empty, so that what it would do is a guess.
  await changeSettings(hub, { standbyShare: 0 });
  // Whichever of them came first: these two, in this order.
  await expect.poll(async () => (await nodesOf(hub)).length).toBe(3);
  const here = await nodesOf(hub);
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

test.beforeEach(() => {
  ({ page } = app);
});

/** Opens the dialog, ready for a plan by hand. */
async function planByHand(): Promise<{ shards: Locator; preview: Locator }> {
  await page.goto('/models');
  const card = page.getByRole('region', { name: 'minimind2-small' });
  await expect(card.getByRole('listitem').filter({ hasText: 'running' })).toHaveCount(2);
  await card.getByRole('button', { name: 'Change deployment' }).click();
  await page.getByLabel('Choose devices').check();
  return {
    shards: page.getByLabel(/^Device of part/),
    preview: page.getByRole('region', { name: 'Preview' }),
  };
}

const chosen = (shards: Locator): Promise<string[]> =>
  shards.evaluateAll((all) => all.map((one) => (one as HTMLSelectElement).selectedOptions[0]?.text ?? ''));

test('links are measured while nobody asks: in the matrix, and in the picture', async () => {
  await page.goto('/nodes');
  const matrix = page.getByRole('table', { name: 'Connections between nodes' });
  await expect(matrix.getByRole('cell', { name: /^direct .*ms .*B\/s$/ })).toHaveCount(2);
  await expect(matrix.getByRole('cell', { name: 'not measured', exact: true })).toHaveCount(4);
  const measured = String.raw`: direct, [\d.]+ ms, [\d.]+ [kMG]B/s, a \w+ link`;
  await expect(page.getByRole('img', { name: /around a table/ })).toHaveAccessibleName(
    new RegExp(`local-1 to local-2${measured}; local-2 to local-1${measured}`),
  );
  expect(await seriousViolations(page)).toEqual([]);
});

test('a preview says how fast it would be, what takes the time, and how sure that is', async () => {
  const { preview } = await planByHand();
  await expect(preview.getByText('nothing to download')).toHaveCount(2);
  await expect(preview).toContainText(/About\s+[\d.]+ tokens per second\.\s+Measured here\./);
  await expect(preview).toContainText(/Most of it is .* of each token/);
  await preview.getByText(/How each token’s .* are spent/).click();
  await expect(preview).toContainText(/local-1 computes layers 0–3.*measured when its layers were tried/);
  await expect(preview).toContainText(/local-1 to local-2.*direct, round trip/);
  await page.getByRole('button', { name: 'Add local-3' }).click();
  await expect(preview).toContainText('A rough estimate until the model has run here.');
  await expect(preview).toContainText(/local-2 to local-3.*estimate: a usual link has/);
  expect(await seriousViolations(page)).toEqual([]);
});

test('shards change places by keyboard, by drag, and by choosing another device', async () => {
  const { shards, preview } = await planByHand();
  await expect.poll(() => chosen(shards)).toEqual(['local-1', 'local-2']);
  await page.getByRole('button', { name: 'Move local-1 down' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => chosen(shards)).toEqual(['local-2', 'local-1']);
  // At the end there is no later: the keyboard is on the way back.
  await expect(page.getByRole('button', { name: 'Move local-1 up' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect.poll(() => chosen(shards)).toEqual(['local-1', 'local-2']);

  const rows = page.getByRole('listitem').filter({ has: shards });
  await rows.nth(1).locator('.handle').dragTo(rows.nth(0));
  await expect.poll(() => chosen(shards)).toEqual(['local-2', 'local-1']);
  // Where people write, the mouse chooses text: Firefox lets it nowhere in what can be dragged.
  await expect(rows.nth(0)).not.toHaveAttribute('draggable');
  const layers = page.getByLabel('Layers of local-2');
  await layers.fill('0-3');
  await layers.dragTo(rows.nth(1));
  await expect.poll(() => chosen(shards)).toEqual(['local-2', 'local-1']);
  await layers.fill('');

  await shards.first().selectOption('local-1');
  await expect.poll(() => chosen(shards)).toEqual(['local-1', 'local-2']);
  await shards.first().selectOption('local-3');
  await expect.poll(() => chosen(shards)).toEqual(['local-3', 'local-2']);
  await expect(preview.getByRole('listitem').first()).toContainText('local-3 layers 0–3');
  await page.getByRole('button', { name: 'Apply' }).click();
  const card = page.getByRole('region', { name: 'minimind2-small' });
  await expect(card.getByRole('listitem').filter({ hasText: /local-3.*layers 0–3.*running/ })).toHaveCount(1);
});

test('the hub is asked for a preview when something that matters has changed, and while somebody looks', async () => {
  const asked: Request[] = [];
  page.on('request', (request) => request.url().endsWith('/deployments/preview') && asked.push(request));
  await page.goto('/nodes');
  const preview = page.getByRole('region', { name: 'Preview' });
  const row = page.locator('tr', { hasText: 'local-1' }).first();
  const busyRow = page.locator('tr', { hasText: 'local-2' }).first();
  const open = page.getByRole('button', { name: 'Move layers of minimind2-small' });
  const pause = async (mode: Node['mode']): Promise<void> => {
    const id = (await nodesOf(hub)).find(({ name }) => name === 'local-1')?.id;
    await page.request.patch(`/api/nodes/${id}`, { data: { mode } });
  };
  await expect(open).toBeVisible();
  await expect(page.getByText('not running yet', { exact: true })).toHaveCount(0);
  await open.click();
  await expect(preview).toContainText('tokens per second');
  expect(asked).toHaveLength(1);
  // Tokens that are served change nodes, and nothing in a plan.
  const before = await busyRow.innerText();
  await hub.client.chat.completions.create({
    model: 'minimind2-small',
    messages: [{ role: 'user', content: 'Hello' }],
    max_tokens: 4,
  });
  await expect(busyRow).not.toHaveText(before);
  await page.getByLabel('A fixed number of parts').check();
  await expect.poll(() => asked.length).toBe(2);
  await expect(preview).toContainText('tokens per second');
  await expect(page.getByRole('button', { name: 'Apply' })).toBeEnabled();

  // An answer that is not wanted any more is not waited for.
  let hold = (): void => undefined;
  const held = new Promise<void>((resolve) => (hold = resolve));
  await page.route('**/deployments/preview', async (route) => held.then(() => route.fallback()), {
    times: 1,
  });
  await page.getByLabel('Parts', { exact: true }).fill('3');
  await expect.poll(() => asked.length).toBe(3);
  await expect(page.getByRole('button', { name: 'Apply' })).toBeDisabled();
  const dropped = page.waitForEvent('requestfailed');
  await page.getByLabel('Parts', { exact: true }).fill('1');
  expect(await dropped).toBe(asked[2]);
  hold();
  await expect(preview.getByRole('listitem').filter({ hasText: /layers 0–7/ })).toHaveCount(1);
  expect(asked).toHaveLength(4);

  await page.keyboard.press('Escape');
  await expect(open).toBeFocused();
  await pause('paused');
  await expect(row).toContainText('paused');
  await pause('active');
  await expect(row).not.toContainText('paused');
  await open.click();
  await expect(preview).toContainText('tokens per second');
  expect(asked).toHaveLength(5);
});

test('layers are moved from the nodes page, to a node that has none', async () => {
  await page.goto('/nodes');
  const table = page.getByRole('table', { name: 'Nodes that are connected' });
  const holder = page.getByRole('img', { name: /^8 layers, held by/ });
  await expect(holder).toHaveAccessibleName(/ \(0–3\), local-2 \(4–7\)/);
  const first = /local-\d/.exec((await holder.getAttribute('aria-label')) ?? '')?.[0] ?? '';
  const spare = first === 'local-1' ? 'local-3' : 'local-1';
  await table.getByRole('button', { name: 'Actions for local-2' }).click();
  await page.getByRole('menuitem', { name: 'Move layers 4–7 of minimind2-small' }).click();
  const shards = page.getByLabel(/^Device of part/);
  await expect.poll(() => chosen(shards)).toEqual([first, spare]);
  await expect(page.getByLabel(`Layers of ${spare}`)).toHaveValue('4-7');
  expect(await seriousViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(holder).toHaveAccessibleName(new RegExp(`${first} .0–3., ${spare} .4–7.`));
  await expect(table.getByRole('row', { name: new RegExp(`^${spare}`) })).toContainText('running');
  await expect(table.getByRole('row', { name: /^local-2/ })).toContainText('standby');

  await table.getByRole('button', { name: 'Actions for local-2' }).click();
  await page.getByRole('menuitem', { name: 'Add layers of minimind2-small' }).click();
  await expect.poll(() => chosen(shards)).toEqual([first, 'local-2', spare]);
  await expect(page.getByLabel('Layers of local-2')).toHaveValue('2-3');
});

test('the first layers are given to the node that is asked; for several replicas nothing is proposed', async () => {
  const id = async (name: string): Promise<string> =>
    (await nodesOf(hub)).find((node) => node.name === name)?.id ?? '';
  const deploy = async (plan: object): Promise<void> => {
    const now = (await (await page.request.get('/api/deployments')).json()) as { deployments: Deployment[] };
    const revision = now.deployments[0]?.revision;
    const answer = await page.request.put('/api/deployments', {
      data: { model: 'minimind2-small', plan, revision },
    });
    expect(answer.ok()).toBe(true);
  };
  await deploy({ mode: 'manual', stages: [{ nodeId: await id('local-1') }] });
  await page.request.patch(`/api/nodes/${await id('local-1')}`, { data: { mode: 'paused' } });
  await page.goto('/nodes');
  const shards = page.getByLabel(/^Device of part/);
  await expect(page.getByRole('img', { name: '8 layers', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Actions for local-2' }).click();
  await page.getByRole('menuitem', { name: 'Add layers of minimind2-small' }).click();
  await expect.poll(() => chosen(shards)).toEqual(['local-2']);
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByRole('img', { name: /local-2 \(0–7\)/ })).toBeVisible();

  await page.request.patch(`/api/nodes/${await id('local-1')}`, { data: { mode: 'active' } });
  await deploy({ mode: 'automatic', replicas: 2 });
  await expect(page.getByText('2 replicas; this is the first')).toBeVisible();
  await page.getByRole('button', { name: 'Actions for local-2' }).click();
  await page.getByRole('menuitem', { name: /^(Move|Add) layers/ }).click();
  await expect(page.getByRole('dialog')).toContainText('This model runs as 2 replicas');
  await expect(page.getByRole('dialog')).toContainText('by hand for one replica only');
});
