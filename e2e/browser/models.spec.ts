/** The models page: what comes in by every way, how it is served, and what is refused. */
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, type Browser, type Locator, type Page } from './support/fixtures.ts';
import { tinyDecoder, writeRandomDecoder } from '@potluck/onnx/testing';
import { startRemoteHub, type RemoteHubServer } from '../../hub/testing/remoteHubServer.ts';
import { startHub, stop, type HubProcess } from '../support/hubProcess.ts';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { expectRunning, goTo, say, seriousViolations, useMirror } from './support/appPage.ts';

/** The smallest on the list of suggestions. */
const suggested = { repository: 'HuggingFaceTB/SmolLM2-135M-Instruct', graph: 'model_q4' };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let shelf: string;
let remote: RemoteHubServer;

let browser: Browser;

test.beforeAll(async ({ browser: shared }) => {
  browser = shared;
  directory = await temporaryDirectory('potluck-models-');
  shelf = join(directory.path, 'shelf');
  const mirrored = join(directory.path, 'mirrored');
  await writeRandomDecoder(join(shelf, 'tiny'), tinyDecoder);
  await writeRandomDecoder(join(mirrored, 'soup'), { ...tinyDecoder, seed: 2 });
  await writeRandomDecoder(join(mirrored, 'known'), { ...tinyDecoder, seed: 3, graph: suggested.graph });
  remote = await startRemoteHub({
    'ada/soup-ONNX': { directory: join(mirrored, 'soup'), license: 'mit' },
    [suggested.repository]: { directory: join(mirrored, 'known') },
  });
});
test.afterAll(async () => {
  await remote.close();
  await directory[Symbol.asyncDispose]();
});

/** Opens the page of a hub. */
async function openModels(hub: HubProcess): Promise<Page> {
  const context = await browser.newContext({ baseURL: hub.url });
  const page = await context.newPage();
  await page.goto('/models');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  return page;
}

/** Begins to add a model in one of the three ways. */
async function beginToAdd(page: Page, way: 'By name' | 'From the hub’s disk' | 'Upload'): Promise<Locator> {
  await page.getByRole('button', { name: 'Add a model' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a model' });
  await dialog.getByRole('tab', { name: way }).click();
  return dialog;
}

test.describe('on one hub', () => {
  let hub: HubProcess;
  test.beforeAll(async () => {
    hub = await startHub({ flags: ['--local-workers', '2', '--model-directory', shelf] });
  });
  test.afterAll(() => hub[Symbol.asyncDispose]());

  test('one click in the chat brings a suggested model, or the words why not', async () => {
    const page = await openModels(hub);
    await useMirror(page, 'http://127.0.0.1:9');
    await goTo(page, 'Models');
    const addInPicker = async (): Promise<Locator> => {
      await page.getByRole('button', { name: /^Model:/ }).click();
      await page.getByRole('menuitem', { name: 'Add a model' }).click();
      return page.getByRole('dialog', { name: 'Add a model' });
    };
    const menu = page.getByRole('region', { name: 'Try a bigger model' });
    await expect(menu.getByRole('status')).toContainText("can't be reached");
    const line = menu.getByRole('listitem').filter({ hasText: 'SmolLM2 360M' });
    // A button that can't work is not offered.
    await expect(menu.getByRole('listitem').first()).toBeVisible();
    await expect(menu.getByRole('button')).toHaveCount(0);
    await goTo(page, 'Chat');
    await expect(page.getByRole('heading', { name: 'What shall we cook up?' })).toBeVisible();
    await expect(menu).toHaveCount(0);
    const byName = await addInPicker();
    await expect(byName.getByRole('status')).toContainText("can't be reached");
    await expect(byName.getByRole('button', { name: 'Search' })).toHaveCount(0);
    await page.keyboard.press('Escape');
    await useMirror(page, remote.endpoint);
    await goTo(page, 'Models');
    await expect(menu.getByRole('status')).toHaveCount(0);
    // This one is not at the mirror.
    await line.getByRole('button', { name: /^Download/ }).click();
    await expect(line.getByRole('alert')).toContainText('has no HuggingFaceTB/SmolLM2-360M-Instruct');
    expect(await seriousViolations(page)).toEqual([]);

    await goTo(page, 'Chat');
    const dialog = await addInPicker();
    await dialog.getByLabel('Model name or search words').fill(suggested.repository);
    await dialog.getByRole('button', { name: 'Search' }).click();
    await expect(dialog.getByRole('button', { name: `Download ${suggested.graph}` })).toBeVisible();
    await page.keyboard.press('Escape');
    await addInPicker();
    await dialog
      .getByRole('region', { name: 'Try a bigger model' })
      .getByRole('listitem')
      .filter({ hasText: 'SmolLM2 135M' })
      .getByRole('button', { name: /^Download/ })
      .click();
    await page.keyboard.press('Escape');
    await goTo(page, 'Models');
    const card = page.getByRole('region', { name: suggested.repository });
    await expectRunning(card);
    // One that is added changes nobody's default; the operator does.
    await goTo(page, 'Chat');
    await expect(page.getByRole('button', { name: 'Model: minimind2-small' })).toBeVisible();
    await goTo(page, 'Models');
    await card.getByRole('button', { name: 'Make default' }).click();
    await expect(card.getByText('default', { exact: true })).toBeVisible();
    await goTo(page, 'Chat');
    await expect(page.getByRole('button', { name: `Model: ${suggested.repository}` })).toBeVisible();
    await say(page, 'Hello');
    await page.context().close();
  });

  test('folders elsewhere, junk, and files without end are refused with the reason', async () => {
    const page = await openModels(hub);
    const folder = await beginToAdd(page, 'From the hub’s disk');
    for (const path of ['/etc', join(shelf, '../mirrored/soup')]) {
      await folder.getByLabel('Folder on the hub’s machine').fill(path);
      await folder.getByRole('button', { name: 'Add', exact: true }).click();
      await expect(folder.getByRole('alert')).toContainText('may be added from');
    }
    await folder.getByRole('button', { name: 'Close' }).click();

    const junk = join(directory.path, 'junk');
    await mkdir(join(junk, 'onnx'), { recursive: true });
    await writeFile(join(junk, 'config.json'), '{}');
    const upload = await beginToAdd(page, 'Upload');
    const send = async (): Promise<void> => {
      await upload.getByLabel(/^The model’s folder/).setInputFiles(junk);
      await upload.getByRole('button', { name: 'Upload' }).click();
    };
    await send();
    await expect(upload.getByRole('alert')).toContainText(
      'The files lack tokenizer.json and tokenizer_config.json',
    );
    await writeFile(join(junk, 'tokenizer.json'), '{}');
    await writeFile(join(junk, 'tokenizer_config.json'), '{}');
    await writeFile(join(junk, 'onnx/model.onnx'), 'no graph');
    // A hole takes no disk.
    await writeFile(join(junk, 'onnx/model.onnx_data'), '');
    await truncate(join(junk, 'onnx/model.onnx_data'), 8e12);
    await send();
    await expect(upload.getByRole('alert')).toContainText('are free');
    await truncate(join(junk, 'onnx/model.onnx_data'), 10);
    await send();
    const coming = page.getByRole('listitem', { name: 'junk' });
    await expect(coming.getByRole('alert')).toContainText("can't be imported");
    await coming.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).click();
    await expect(coming).toHaveCount(0);
    await page.context().close();
  });

  test('an upload is planned by hand, doubled, taken off the nodes and removed', async () => {
    const page = await openModels(hub);
    const upload = await beginToAdd(page, 'Upload');
    await upload.getByLabel('Deploy when ready').uncheck();
    await upload.getByLabel(/^The model’s folder/).setInputFiles(join(shelf, 'tiny'));
    const name = upload.getByRole('textbox', { name: 'Name', exact: true });
    await expect(name).toHaveValue('tiny');
    await name.fill('leek');
    await upload.getByRole('button', { name: 'Upload' }).click();
    const card = page.getByRole('region', { name: 'leek' });
    await expect(card.getByText('not deployed')).toBeVisible();

    await card.getByRole('button', { name: 'Deploy' }).click();
    await page.getByLabel('Choose devices').check();
    for (const node of ['local-1', 'local-2'])
      await page.getByRole('button', { name: `Add ${node}` }).click();
    const preview = page.getByRole('region', { name: 'Preview' });
    const layers = async (one: string, other: string): Promise<void> => {
      await page.getByLabel('Layers of local-1').fill(one);
      await page.getByLabel('Layers of local-2').fill(other);
    };
    const deploy = page.getByRole('button', { name: 'Apply' });
    for (const [one, other, words] of [
      ['0-1', '3', 'Layer 2 is in no stage'],
      ['0-2', '2-3', 'Layer 2 is in two stages'],
      ['0-1', '2-4', 'there is no 4'],
      ['0-2', '', 'for every stage, or for none'],
      ['all', '', 'such as 0-3'],
    ] as const) {
      await layers(one, other);
      await expect(preview).toContainText(words);
      await expect(deploy).toBeDisabled();
    }
    await layers('0', '1-3');
    await deploy.click();
    await expect(
      card.getByRole('listitem').filter({ hasText: /local-2\s*layers 1–3.*running/ }),
    ).toBeVisible();

    // Another administrator has the same plan open.
    const other = await openModels(hub);
    const otherCard = other.getByRole('region', { name: 'leek' });
    await otherCard.getByRole('button', { name: 'Change deployment' }).click();
    await card.getByRole('button', { name: 'Change deployment' }).click();
    await page.getByLabel('Fewest devices').check();
    await page.getByLabel('Replicas').fill('2');
    await deploy.click();
    for (const replica of ['Replica 1: running', 'Replica 2: running'])
      await expect(card.getByRole('heading', { name: replica })).toBeVisible();
    await expect(other.getByRole('dialog').getByRole('alert')).toContainText(
      'Someone else changed this deployment',
    );
    await other.getByRole('button', { name: 'Use theirs' }).click();
    await expect(other.getByLabel('Replicas')).toHaveValue('2');
    await other.context().close();

    await card.getByRole('button', { name: 'Undeploy' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Undeploy' }).click();
    await expect(card.getByRole('heading', { level: 2 })).toBeFocused();
    await card.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await expect(card).toHaveCount(0);
    await page.context().close();
  });

  test('two administrators who change the same setting are told', async () => {
    const [one, other] = [await openModels(hub), await openModels(hub)];
    const days = 'Keep requests for (days)';
    for (const page of [one, other]) {
      await goTo(page, 'Settings');
      await expect(page.getByLabel(days)).toBeVisible();
    }
    const save = async (page: Page, value: string): Promise<void> => {
      await page.getByLabel(days).fill(value);
      await page.getByRole('button', { name: 'Save', exact: true }).click();
    };
    await save(one, '7');
    await expect(one.getByText('Saved.')).toBeVisible();
    await save(other, '9');
    await expect(other.getByText('The settings were changed meanwhile')).toBeVisible();
    await expect(other.getByLabel(days)).toHaveValue('7');
    await one.context().close();
    await other.context().close();
  });
});

test('a page outlives its hub: it says so, catches up, and the download goes on where it was', async () => {
  await using data = await temporaryDirectory('potluck-restart-');
  const options = { dataDirectory: data.path, flags: ['--local-workers', '1'] };
  let hub = await startHub(options);
  const port = Number(new URL(hub.url).port);
  try {
    const page = await openModels(hub);
    await goTo(page, 'Chat');
    await expect(page.getByLabel('Search conversations')).toBeVisible();
    await useMirror(page, remote.endpoint);
    await goTo(page, 'Models');
    const dialog = await beginToAdd(page, 'By name');
    await dialog.getByLabel('Model name or search words').fill('ada/soup-ONNX');
    await dialog.getByRole('button', { name: 'Search' }).click();
    await expect(dialog).toContainText('one node has room');
    const weights = 'onnx/model.onnx_data';
    remote.holdAfter(weights, 50_000);
    await dialog.getByRole('button', { name: 'Download model' }).click();
    const coming = page.getByRole('listitem', { name: 'ada/soup-ONNX' });
    await expect(coming.getByText(/^\d+ kB of \d+ kB/)).toBeVisible();
    await expect(coming).toContainText('downloading');
    await expect.poll(() => remote.fileRequests.some(({ path }) => path === weights)).toBe(true);

    await stop(hub.child);
    const banner = page.getByText('The hub is shutting down.');
    await expect(banner).toBeVisible();
    // The words cover nothing that can be used.
    await goTo(page, 'Chat');
    // The grid is shown as it was: its device only left because the hub stopped.
    await expect(page.getByText('minimind2-small runs on 1 device.')).toBeVisible();
    for (const control of [
      page.getByRole('button', { name: 'New', exact: true }),
      page.getByLabel('Search conversations'),
      page.getByRole('button', { name: /^Model:/ }),
    ]) {
      await control.click({ trial: true });
    }
    // The script of this page was not needed before.
    await goTo(page, 'Nodes');
    await expect(page.getByRole('heading', { name: 'This page didn’t load' })).toBeVisible();
    hub = await startHub({ ...options, port });
    await expect(page.getByRole('table', { name: 'Nodes that are connected' })).toBeVisible();
    await expect(banner).toHaveCount(0);
    await goTo(page, 'Models');
    await expect(coming).toContainText('paused');
    await coming.getByRole('button', { name: 'Resume' }).click();
    const card = page.getByRole('region', { name: 'ada/soup-ONNX' });
    await expectRunning(card);
    await expect(card).toContainText('mit');
    const ranges = remote.fileRequests.filter(({ path }) => path === weights).map(({ range }) => range);
    expect(ranges).toEqual([undefined, 'bytes=50000-']);
    await page.context().close();
  } finally {
    await hub[Symbol.asyncDispose]();
  }
});
