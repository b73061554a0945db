/** Names are long, and phones narrow: nothing sticks out of any page, and no label lies on another. */
import type { Deployment, Model, Node, Snapshot, Stage } from '@potluck/api';
import type { AppOnHub } from './appOnHub.ts';
import { closeAbove, joinButton, openedAbove } from './appPage.ts';
import { expect, test, type Page } from './fixtures.ts';
import { expectLabelsApart } from './labelsApart.ts';
import { outsideWindow } from './outside.ts';
import { pretendGrid } from './pretendGrid.ts';

const widths = [390, 1280];

/** Without a place where a line would break by itself. */
const modelNames = ['Coder', 'Instruct', 'Reasoning', 'Vision'].map(
  (kind) => `Meta_Llama_3.1_70B_${kind}_abliterated_v2_onnx_community_q4f16`,
);
const nodeName = (number: number): string => `GREAT_AUNT_ROSAMUNDES_OLD_GAMING_COMPUTER_${number}`;
const keyName = 'THE_EDITOR_ON_MY_SECOND_LAPTOP_IN_THE_SUMMER_HOUSE';

/** A grid of so many nodes that have measured links, each with a part of each model. */
function crowd({ nodes, models, deployments, ...grid }: Snapshot, count: number): Snapshot {
  const [node, model, deployment] = [nodes[0], models[0], deployments[0]];
  const replica = deployment?.replicas[0];
  const stage = replica?.stages[0];
  if (!node || !model || !deployment || !replica || !stage) throw new Error('the hub has one of each');
  const ids = Array.from({ length: count }, (_, index) => `node-${index}`);
  const stagesOf = (id: string): Stage[] =>
    ids.map((nodeId, index) => ({
      ...{ ...stage, assignmentId: `${id} ${index}`, model: id, stageIndex: index },
      ...{ nodeId, nodeName: nodeName(index), firstLayer: index, lastLayer: index, computesWith: 'the CPU' },
    }));
  const allStages = modelNames.flatMap(stagesOf);
  return {
    ...grid,
    nodes: ids.map((id, index): Node => ({
      ...{ ...node, id, name: nodeName(index), reportedName: nodeName(index) },
      device: { ...node.device, description: 'AMD_Ryzen_Threadripper_PRO_7995WX_with_96_cores' },
      stages: allStages.filter(({ nodeId }) => nodeId === id),
      peers: ids
        .filter((other) => other !== id)
        .map((other) => ({
          ...{ id: other, state: 'relayed', reason: null, roundTripMs: 1234.5, bytesPerSecond: 123e6 },
          candidates: { local: 'relay', remote: 'relay' },
        })),
    })),
    models: modelNames.map((id): Model => ({ ...model, id, isDefault: false, aliases: [`${id}_latest`] })),
    deployments: modelNames.map((id, index): Deployment => {
      const missing = index === 0 ? null : `${nodeName(0)} (layer 0) is downloading 40 %`;
      const stages = stagesOf(id);
      return {
        ...{ ...deployment, model: id, isDefault: index === 0, ready: missing === null, missing },
        replicas: [0, 1].map((number) => ({ ...replica, index: number, stages })),
      };
    }),
  };
}

/** What the hub tells besides, with the long names. */
async function renameAll(page: Page): Promise<void> {
  await page.route(/\/api\/(requests|usage|history|nodes|keys|invites|join-tokens)\b/, async (route) => {
    const response = await route.fetch();
    const words = (await response.text())
      .replaceAll('minimind2-small', modelNames[0] ?? '')
      .replaceAll('local-1', nodeName(0));
    await route.fulfill({ response, body: words });
  });
}

/** At each width. */
async function expectAllInside(page: Page, what: string): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    await expect.poll(() => outsideWindow(page), `${what}, ${width} px`).toEqual([]);
  }
}

/** The same of what opens above the page, which is closed again. */
async function expectInsideAbove(page: Page, what: string, open: () => Promise<void>): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 900 });
  await open();
  await expect(openedAbove(page)).toBeVisible();
  await expectAllInside(page, what);
  await closeAbove(page);
}

/** Defines the tests. */
export function testLongNames(app: AppOnHub): void {
  for (const count of [3, 8])
    test(`the nodes, ${count} of them`, async () => {
      const { page } = app;
      await pretendGrid(page, app.hub.url, (grid) => crowd(grid, count));
      await renameAll(page);
      await page.goto('/nodes');
      await expect(page.locator('circle.plate')).toHaveCount(count);
      await expect(
        page.getByRole('list', { name: 'What happened' }).getByRole('listitem').first(),
      ).toBeVisible();
      await expectAllInside(page, '/nodes');
      await expectInsideAbove(page, 'actions for a node', () =>
        page.getByRole('button', { name: `Actions for ${nodeName(0)}` }).click(),
      );
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        const picture = await page.locator('.picture').boundingBox();
        await expect(
          page.locator(`.picture > svg[width="${Math.round((picture?.width ?? 0) - 2)}"]`),
        ).toBeVisible();
        expect(await page.locator('text.name').count()).toBeGreaterThan(0);
        await expectLabelsApart(page, `${width} px`);
      }
    });

  test('every other page, and what opens above it', async () => {
    const { page, hub } = app;
    const [first = ''] = modelNames;
    for (const path of ['keys', 'join-tokens']) await make(`/api/${path}`, { name: keyName });
    await make('/api/invites', { name: keyName, expiresAt: Date.now() + 60 * 60_000, withCode: true });
    await hub.client.chat.completions.create({
      ...{ model: 'minimind2-small', messages: [{ role: 'user', content: first }], max_tokens: 2 },
    });
    await pretendGrid(page, hub.url, (grid) => crowd(grid, 3));
    await renameAll(page);

    await page.goto('/models');
    await expect(page.getByRole('region', { name: first })).toContainText(nodeName(0));
    await expectAllInside(page, '/models');
    const above: Record<string, () => Promise<void>> = {
      deploy: async () => {
        await page.getByRole('button', { name: 'Change deployment' }).first().click();
        await page.getByLabel('Choose devices').check();
      },
      options: () => page.getByRole('button', { name: `Options of ${first}` }).click(),
      undeploy: () => page.getByRole('button', { name: 'Undeploy' }).first().click(),
    };
    for (const [what, open] of Object.entries(above)) await expectInsideAbove(page, what, open);

    await page.goto('/requests');
    await page.getByRole('button', { name: new RegExp(first) }).click();
    await expect(page.getByText('computing').first()).toBeVisible();
    await expectAllInside(page, '/requests');

    for (const by of ['model', 'node']) {
      await page.goto(`/requests/usage?by=${by}`);
      const name = by === 'model' ? first : nodeName(0);
      await expect(page.getByRole('table', { name: 'Usage by group' })).toContainText(name);
      await expectAllInside(page, `/requests/usage?by=${by}`);
    }

    await page.goto('/settings');
    for (const name of ['API keys', 'Join tokens', 'Invites'])
      await expect(page.getByRole('region', { name })).toContainText(keyName);
    await expect(page.getByRole('region', { name: 'Address and certificate' })).toBeVisible();
    await expectAllInside(page, '/settings');

    await page.goto('/join');
    await page.getByLabel('Name').fill(nodeName(0).repeat(2));
    await expect(joinButton(page)).toBeVisible();
    await expectAllInside(page, '/join');

    for (const path of [`/?model=${first}`, `/?model=${modelNames[1]}`, '/compare']) {
      await page.goto(path);
      await expect(page.getByLabel('Your message')).toBeVisible();
      await expectAllInside(page, path);
      if (path === '/compare') continue;
      for (const name of [/^Model:/, 'Chat settings'])
        await expectInsideAbove(page, `${name} on ${path}`, () => page.getByRole('button', { name }).click());
    }

    async function make(path: string, body: object): Promise<void> {
      const headers = { 'content-type': 'application/json' };
      const made = await fetch(hub.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      expect(made.ok, await made.text()).toBe(true);
    }
  });
}
