/** Grids that are hard to come by: many models, models on their way, long names. */
import type { Deployment, Model } from '@potluck/api';
import { expect, test } from './support/fixtures.ts';
import { appOnHub } from './support/appOnHub.ts';
import { expectCoursesApart, expectLabelsApart } from './support/labelsApart.ts';
import { testLongNames } from './support/longNamesTests.ts';
import { pretendConnection, pretendGrid } from './support/pretendGrid.ts';

const app = appOnHub({ reusesPage: true });

testLongNames(app);

/** The first of them, which the hub of these tests has. */
function only<T>(things: readonly T[]): T {
  const [thing] = things;
  if (!thing) throw new Error('there is one');
  return thing;
}

const named = (model: Model, id: string): Model => ({ ...model, id, isDefault: false });
const deployed = (deployment: Deployment, model: string, missing: string | null): Deployment => ({
  ...deployment,
  ...{ model, missing, ready: missing === null, isDefault: false },
});

test('a long list of models is searched by keys, and what waits for approval lends nothing', async () => {
  const { page } = app;
  await pretendGrid(page, app.hub.url, ({ nodes, models, ...grid }) => {
    const model = only(models);
    const others = ['bread', 'broth', 'cake', 'salad', 'stew'].map((id) => ({
      ...named(model, id),
      loadsOnDemand: true,
    }));
    const large = { ...named(model, 'feast'), weightBytes: 1e15 };
    // It would have the memory.
    const stranger = {
      ...only(nodes),
      id: 'stranger',
      mode: 'waiting' as const,
      memoryBytes: 1e16,
      stages: [],
    };
    return { ...grid, nodes: [...nodes, stranger], models: [model, ...others, large] };
  });
  await page.goto('/');
  await page.getByRole('button', { name: 'Model: minimind2-small' }).click();
  const entries = page.getByRole('menuitemradio');
  await expect(entries).toHaveCount(7);
  await expect(entries.filter({ hasText: 'feast' })).toContainText('too large for the devices here');
  await expect(entries.filter({ hasText: 'stew' })).toContainText('fits');
  await expect(page.getByRole('menuitem', { name: 'Compare two models' })).toBeVisible();
  await page.getByLabel('Search models').focus();
  await page.keyboard.type('br');
  await expect(entries).toHaveCount(2);
  await page.keyboard.type('xyz');
  await expect(page.getByText('No model is called “brxyz”.')).toBeVisible();
  await page.getByLabel('Search models').fill('stew');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Model: stew' })).toBeVisible();
  // What was typed is gone when the list opens again.
  await page.getByRole('button', { name: 'Model: stew' }).click();
  await expect(entries).toHaveCount(7);
});

test('a model on its way is named where people write, alone and side by side', async () => {
  const { page } = app;
  await pretendGrid(page, app.hub.url, ({ models, deployments, ...grid }) => {
    const soup = deployed(only(deployments), 'soup', 'local-1 (layer 3) is downloading 40 %');
    return { ...grid, models: [...models, named(only(models), 'soup')], deployments: [...deployments, soup] };
  });
  const field = page.getByLabel('Your message');
  await page.goto('/?model=soup');
  await expect(field).toHaveAttribute('placeholder', 'soup isn’t running right now.');
  await expect(
    page.getByText('soup isn’t running yet: local-1 (layer 3) is downloading 40 %.').first(),
  ).toBeVisible();
  // Nothing is sent, and nothing is lost.
  await field.fill('Hello');
  await page.keyboard.press('Enter');
  await expect(field).toHaveValue('Hello');

  await page.goto('/compare');
  await expect(field).toHaveAttribute('placeholder', 'Ask anything');
});

test('where all models are on their way, comparing says which, and how far', async () => {
  const { page } = app;
  await pretendGrid(page, app.hub.url, ({ deployments, ...grid }) => ({
    ...grid,
    deployments: deployments.map((one) => ({
      ...one,
      ready: false,
      missing: 'local-1 (layers 0 to 7) is connecting',
    })),
  }));
  await page.goto('/compare');
  await expect(page.getByLabel('Your message')).toHaveAttribute(
    'placeholder',
    'minimind2-small isn’t running right now.',
  );
  const first = page.getByRole('region', { name: 'First model' });
  await expect(first.getByRole('combobox')).toHaveValue('minimind2-small');
  await expect(first).toContainText(
    'minimind2-small isn’t running yet: local-1 (layers 0 to 7) is connecting.',
  );
  await expect(page.getByText('No model is running')).toHaveCount(0);
});

for (const width of [390, 1280])
  test(`words about a lost hub push what is there, and cover nothing, ${width} px wide`, async () => {
    const { page } = app;
    await page.setViewportSize({ width, height: 640 });
    await pretendGrid(page, app.hub.url, (grid) => grid);
    const banner = page.getByText('The hub isn’t answering.');
    for (const path of ['/', '/compare']) {
      await page.goto(path);
      await expect(page.getByLabel('Your message')).toBeEnabled();
      await pretendConnection(page, 'lost');
      await expect(banner).toBeVisible();
      await page.getByLabel('Your message').click({ trial: true });
      expect(
        await page.evaluate(() => document.documentElement.scrollHeight - innerHeight),
        path,
      ).toBeLessThanOrEqual(0);
      await pretendConnection(page, 'back');
      await expect(banner).toHaveCount(0);
    }
    await page.goto('/nodes');
    const log = page.getByRole('list', { name: 'What happened' });
    await expect(log.getByRole('listitem').first()).toBeVisible();
    const heading = page.getByRole('heading', { name: 'What happened' });
    await heading.evaluate((element) => element.scrollIntoView({ block: 'start' }));
    const top = async (): Promise<number> => Math.round((await heading.boundingBox())?.y ?? NaN);
    const before = await top();
    await pretendConnection(page, 'lost');
    await expect(banner).toBeVisible();
    const height = Math.round((await banner.boundingBox())?.height ?? NaN);
    expect(Math.abs((await top()) - before - height)).toBeLessThan(2);
  });

for (const width of [390, 1280])
  test(`both directions of a link can be told apart at a table of three, ${width} px wide`, async () => {
    const { page } = app;
    await page.setViewportSize({ width, height: 900 });
    await pretendGrid(page, app.hub.url, ({ nodes, deployments, ...grid }) => {
      const [node, deployment] = [only(nodes), only(deployments)];
      const replica = only(deployment.replicas);
      const stage = only(replica.stages);
      const ids = ['attic', 'cellar', 'garage'];
      const stages = ids.slice(0, 2).map((id, index) => ({
        ...{ ...stage, assignmentId: `${id} ${index}`, stageIndex: index, nodeId: id, nodeName: id },
        ...{ firstLayer: 4 * index, lastLayer: 4 * index + 3 },
      }));
      return {
        ...grid,
        nodes: ids.map((id) => ({
          ...{ ...node, id, name: id, stages: stages.filter(({ nodeId }) => nodeId === id) },
          peers: ids
            .filter((other) => other !== id)
            .map((other) => ({
              ...{ id: other, state: 'direct' as const, reason: null, candidates: null },
              ...{ roundTripMs: 0.5, bytesPerSecond: 62e6 },
            })),
        })),
        deployments: [{ ...deployment, replicas: [{ ...replica, stages }] }],
      };
    });
    await page.goto('/nodes');
    await expect(page.locator('path.course.direct')).toHaveCount(2);
    await expect(page.locator('text.round-trip')).toHaveCount(2);
    await expectLabelsApart(page, `${width} px`);
    await expectCoursesApart(page);
  });
