/** The nodes and the requests page: what an operator sees and does. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from './support/fixtures.ts';
import { startWorker, stop } from '../support/hubProcess.ts';
import { appOnHub } from './support/appOnHub.ts';
import { askInChat, expectRunning, goTo, typeAndLeave } from './support/appPage.ts';

const app = appOnHub({ reusesPage: true });

test('a node is evicted, banned, and let in again', async () => {
  await app.page.goto('/nodes');
  const table = app.page.getByRole('table', { name: 'Nodes that are connected' });
  const row = table.getByRole('row', { name: /^pantry/ });
  await using worker = await startWorker(app.hub, 'pantry');
  await expect(row).toContainText('standby');
  const act = async (item: string): Promise<void> => {
    await row.getByRole('button', { name: 'Actions for pantry' }).click();
    await app.page.getByRole('menuitem', { name: item, exact: true }).click();
  };
  await act('Pause now');
  await expect(row).toContainText('paused');
  await act('Resume');
  await expect(row).toContainText('standby');
  await act('Remove and block …');
  await app.page.getByRole('alertdialog').getByRole('button', { name: 'Remove and block' }).click();
  await expect(row).toHaveCount(0);
  await expect(app.page.getByText('pantry left', { exact: false })).toBeVisible();
  await stop(worker.child);
  await app.page.getByText(/here before$/).click();
  await app.page.getByRole('button', { name: 'Allow to join again' }).click();
  await expect(app.page.getByText('pantry can join again.')).toBeVisible();
});

test('a worker that vanishes while it gets its layers is replaced, and the page says what happens', async () => {
  await app.page.goto('/models');
  const card = app.page.getByRole('region', { name: 'minimind2-small' });
  await expectRunning(card);
  await using worker = await startWorker(app.hub, 'passing');
  await card.getByRole('button', { name: 'Change deployment' }).click();
  await app.page.getByLabel('Choose devices').check();
  await app.page.getByRole('button', { name: 'Add passing' }).click();
  // From here on it does nothing of what it is told.
  worker.child.kill('SIGSTOP');
  await app.page.getByRole('button', { name: 'Apply' }).click();
  const stage = card.getByRole('listitem').filter({ hasText: 'passing' });
  await expect(stage).toContainText('getting layers');
  await expect(card.getByText('not running yet', { exact: true })).toBeVisible();
  await stop(worker.child, 'SIGKILL');
  await expect(stage).toHaveCount(0);
  // What the other device keeps meanwhile is told, too, unless it lost its layers itself on a busy machine.
  await expect(
    card.getByText(
      /^minimind2-small isn’t running yet: waiting for 1 of its nodes: passing(?:; until then .+)?\.$/,
    ),
  ).toBeVisible();
  await expect(card.getByText('not running yet', { exact: true })).toBeVisible();
  await card.getByRole('button', { name: 'Change deployment' }).click();
  await app.page.getByLabel('Fewest devices').check();
  await app.page.getByRole('button', { name: 'Apply' }).click();
  await expectRunning(card);
});

test('a test of a connection ends when it is stopped, or its dialog is closed', async () => {
  // Whoever is here lets others in, and says nothing.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  await app.page.goto('/nodes');
  await app.page.getByRole('button', { name: 'Add a device' }).click();
  await app.page.getByRole('tab', { name: 'By host and port' }).click();
  const dialog = app.page.getByRole('dialog');
  await dialog.getByLabel('Name or address').fill('127.0.0.1');
  await dialog.getByLabel('Port', { exact: true }).fill(String((silent.address() as AddressInfo).port));
  await dialog.getByLabel('Token').fill('a-good-secret');
  const begin = async (): Promise<Socket> => {
    const came = once(silent, 'connection') as Promise<[Socket]>;
    await dialog.getByRole('button', { name: 'Test connection' }).click();
    await expect(dialog.getByText('The port answers')).toBeVisible();
    const [socket] = await came;
    return socket.on('error', () => undefined).resume();
  };
  for (const end of [
    () => dialog.getByRole('button', { name: 'Stop the test' }).click(),
    () => app.page.keyboard.press('Escape'),
  ]) {
    const closed = once(await begin(), 'close');
    const failed = app.page.waitForEvent('requestfailed', (request) =>
      request.url().endsWith('/test-connection'),
    );
    await end();
    await Promise.all([failed, closed]);
    await expect(app.page.getByRole('alert')).toHaveCount(0);
  }
  silent.close();
});

test('requests are found, looked at, exported and deleted', async () => {
  await app.hub.client.chat.completions.create({
    model: 'minimind2-small',
    messages: [{ role: 'user', content: 'Hello from a program' }],
    max_tokens: 4,
  });
  await app.page.goto('/requests');
  const rows = app.page.getByRole('main').getByRole('listitem');
  await expect(rows.filter({ hasText: 'a program' })).toHaveCount(1);
  await goTo(app.page, 'Chat');
  await askInChat(app.page, 'A question about leeks');
  await goTo(app.page, 'Requests');
  await expect(app.page.getByText('2 requests')).toBeVisible();
  await app.page.getByLabel('Asked by').selectOption('the chat');
  await expect(app.page).toHaveURL(/[?]source=chat$/);
  await expect(app.page.getByText('1 request', { exact: true })).toBeVisible();
  // The address keeps the filters, and a link without them shows everything.
  await app.page.reload();
  await expect(app.page.getByLabel('Asked by')).toHaveValue('chat');
  await expect(app.page.getByText('1 request', { exact: true })).toBeVisible();
  await goTo(app.page, 'Requests');
  await expect(app.page.getByLabel('Asked by')).toHaveValue('');
  await expect(app.page.getByText('2 requests')).toBeVisible();
  await app.page.getByLabel('Asked by').selectOption('the chat');
  await app.page.getByLabel('Search').fill('leeks');
  await app.page.getByRole('button', { name: /minimind2-small, chat/ }).click();
  await expect(app.page.getByText('A question about leeks')).toBeVisible();
  await expect(app.page.getByText('computing')).toBeVisible();

  const download = app.page.waitForEvent('download');
  await app.page.getByRole('button', { name: 'Export JSONL' }).click();
  const lines = (await readFile(await (await download).path(), 'utf8')).trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { model: string }).model)).toEqual(['minimind2-small']);

  // What is typed is looked for once.
  const looks: string[] = [];
  app.page.on('request', (request) => looks.push(request.url()));
  await typeAndLeave(app.page.getByLabel('Search'), 'nowhere');
  await expect(app.page.getByText('No requests match')).toBeVisible();
  expect(looks.filter((url) => url.includes('search=nowhere'))).toHaveLength(1);
  await app.page.getByLabel('Search').fill('');
  await app.page.getByRole('main').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(app.page.getByText('No requests match')).toBeVisible();
  await app.page.getByLabel('Asked by').selectOption('anyone');
  await app.page.getByRole('button', { name: 'Delete …' }).click();
  await app.page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await expect(app.page.getByText('No requests yet.')).toBeVisible();
});
