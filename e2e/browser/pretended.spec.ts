/** Grids that are hard to come by: many models, models on their way. */
import type { Deployment, Model } from '@potluck/api';
import { expect, test } from './support/fixtures.ts';
import { appOnHub } from './support/appOnHub.ts';
import { pretendGrid } from './support/pretendGrid.ts';

const app = appOnHub();

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
