/** The app from its first start on, as a person walks through it: everything by clicking, nothing by the API. */
import { join } from 'node:path';
import { expect, test } from './support/fixtures.ts';
import { tinyDecoder, writeRandomDecoder } from '@potluck/onnx/testing';
import { startRemoteHub } from '../../hub/testing/remoteHubServer.ts';
import { startHub } from '../support/hubProcess.ts';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { askInChat, expectRunning, goTo, joinButton, joinOnProcessor, useMirror } from './support/appPage.ts';

const gate = 'hf_open-sesame';
const weights = 'onnx/model.onnx_data';

test('from the first start to a revoked token', async ({ browser }) => {
  await using directory = await temporaryDirectory('potluck-walk-');
  const [shelf, published] = ['shelf', 'published'].map((name) => join(directory.path, name, 'tiny'));
  await writeRandomDecoder(shelf ?? '', tinyDecoder);
  await writeRandomDecoder(published ?? '', { ...tinyDecoder, layers: 6, seed: 2 });
  const remote = await startRemoteHub({
    'ada/soup-ONNX': { directory: published ?? '', license: 'mit', token: gate },
  });
  await using _remote = { [Symbol.asyncDispose]: () => remote.close() };
  await using hub = await startHub({ flags: ['--local-workers', '3'] });
  await using context = await browser.newContext({ baseURL: hub.url });
  const page = await context.newPage();

  await test.step('the first start asks for a password', async () => {
    await page.goto('/');
    const choose = page
      .getByRole('complementary', { name: 'First start' })
      .getByRole('link', { name: 'Set password' });
    await choose.click();
    const panel = page.getByRole('region', { name: 'Admin password' });
    await panel.getByLabel('Password').fill('eight or more');
    await panel.getByRole('button', { name: 'Set password' }).click();
    await expect(panel.getByLabel('Current password')).toBeVisible();
    await goTo(page, 'Chat');
    await expect(page.getByLabel('Your message')).toBeVisible();
    await expect(choose).toHaveCount(0);
  });

  await test.step('a model comes from a directory, and is served at once', async () => {
    await goTo(page, 'Models');
    await page.getByRole('button', { name: 'Add a model' }).click();
    await page.getByRole('tab', { name: 'From the hub’s disk' }).click();
    await page.getByLabel('Folder on the hub’s machine').fill(shelf ?? '');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const card = page.getByRole('region', { name: 'tiny' });
    await expectRunning(card);
  });

  await test.step('another comes by name from a mirror: behind a gate, over a connection that is cut', async () => {
    await useMirror(page, remote.endpoint);
    await goTo(page, 'Models');
    await page.getByRole('button', { name: 'Add a model' }).click();
    await page.getByLabel('Deploy when ready').uncheck();
    await page.getByLabel('Model name or search words').fill('soup');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('button', { name: /^ada\/soup-ONNX/ }).click();
    await expect(page.getByRole('dialog')).toContainText('ada/soup-ONNX is gated or private');
    await page.getByLabel('Hugging Face token').fill(gate);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('dialog')).toContainText('Licence: mit');
    remote.cutAfter(weights, 40_000, 2);
    await page.getByRole('button', { name: 'Download model' }).click();
    const card = page.getByRole('region', { name: 'ada/soup-ONNX' });
    await expect(card).toContainText('mit');
    await expect(card.getByRole('img', { name: '6 layers' })).toBeVisible();
    const ranges = remote.fileRequests.filter(({ path }) => path === weights).map(({ range }) => range);
    expect(ranges).toEqual([undefined, 'bytes=40000-', 'bytes=80000-']);
  });

  await test.step('it is deployed over three workers, as the preview says', async () => {
    const card = page.getByRole('region', { name: 'ada/soup-ONNX' });
    await card.getByRole('button', { name: 'Deploy' }).click();
    await page.getByLabel('A fixed number of parts').check();
    await page.getByRole('spinbutton', { name: 'Parts' }).fill('3');
    const preview = page.getByRole('region', { name: 'Preview' });
    await expect(preview.getByRole('listitem')).toHaveCount(3);
    await page.getByRole('button', { name: 'Apply' }).click();
    await expect(card.getByRole('listitem').filter({ hasText: 'running' })).toHaveCount(3);
    await expectRunning(card);
  });

  await test.step('it answers in the chat, which shows the route', async () => {
    await goTo(page, 'Chat');
    await page.getByRole('button', { name: /^Model:/ }).click();
    await page.getByRole('menuitemradio', { name: /ada\/soup-ONNX/ }).click();
    await askInChat(page, 'What is in the soup?', 12);
    const answer = page.getByRole('article', { name: 'Answer' });
    await answer.getByRole('button', { name: 'on 3 devices' }).click();
    await expect(answer.getByRole('listitem').filter({ hasText: /local-\d.*layers.*computing/ })).toHaveCount(
      3,
    );
  });

  const tab = await context.newPage();
  let secret = '';
  await test.step('a tab joins with a token of its own', async () => {
    await goTo(page, 'Settings');
    const panel = page.getByRole('region', { name: 'Join tokens' });
    await panel.getByLabel('For whom').fill('the attic');
    await panel.getByRole('button', { name: 'Create token' }).click();
    secret = (await panel.getByRole('status').getByRole('code').textContent()) ?? '';
    expect(secret).not.toBe('');
    await tab.goto(`/join#token=${secret}`);
    await tab.getByLabel('Device name').fill('attic');
    await joinOnProcessor(tab);
    await expect(tab.getByText('Connected.')).toBeVisible();
  });

  await test.step('it takes over from a node that is paused', async () => {
    await goTo(page, 'Nodes');
    const table = page.getByRole('table', { name: 'Nodes that are connected' });
    const row = table.getByRole('row', { name: /^local-1/ });
    await row.getByRole('button', { name: 'Actions for local-1' }).click();
    await page.getByRole('menuitem', { name: 'Pause after current answers' }).click();
    await expect(row).toContainText('paused');
    await expect(table.getByRole('row', { name: /^attic/ })).toContainText('running');
    await goTo(page, 'Chat');
    await page.getByRole('button', { name: 'What is in the soup?', exact: true }).click();
    await askInChat(page, 'And what is in the salad?', 12);
    const answer = page.getByRole('article', { name: 'Answer' }).last();
    await answer.getByRole('button', { name: 'on 3 devices' }).click();
    await expect(answer).toContainText('attic');
  });

  await test.step('the conversation is deleted', async () => {
    await page.getByRole('button', { name: 'More for What is in the soup?' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(page.getByRole('article')).toHaveCount(0);
    await expect(page.getByText('No conversations yet.')).toBeVisible();
  });

  await test.step('the token is revoked, and opens nothing any more', async () => {
    await tab.getByRole('button', { name: 'Leave', exact: true }).click();
    await expect(joinButton(tab)).toBeVisible();
    await goTo(page, 'Settings');
    await page.getByRole('button', { name: 'Revoke the attic' }).click();
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await expect(page.getByText('the attic no longer works.')).toBeVisible();
    await joinButton(tab).click();
    await expect(tab.getByRole('alert')).toContainText('join token');
  });
});
