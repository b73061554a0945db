/** A worker that waits to be called is tried and added on the nodes page. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test, type Locator } from './support/fixtures.ts';
import { freePort, startWaitingWorker } from '../support/hubProcess.ts';
import { appOnHub } from './support/appOnHub.ts';
import { seriousViolations } from './support/appPage.ts';

const app = appOnHub({ flags: ['--https-port', '0'], reusesPage: true });

async function open(width: number): Promise<Locator> {
  const { page } = app;
  await page.setViewportSize({ width, height: 844 });
  await page.goto('/nodes');
  await page.getByRole('button', { name: 'Add a device' }).click();
  await page.getByRole('tab', { name: 'By host and port' }).click();
  return page.getByRole('dialog');
}

test('a wrong token is named, the right one passes every step, and the node appears', async () => {
  const [port, token] = [await freePort(), 'a-good-secret'];
  await using _worker = await startWaitingWorker('attic', { port, token });
  const dialog = await open(1280);
  await dialog.getByLabel('Name or address').fill('127.0.0.1');
  await dialog.getByLabel('Port', { exact: true }).fill(String(port));
  await dialog.getByLabel('Token').fill('a-wrong-secret');
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  const steps = dialog.getByRole('list', { name: 'Test results' }).getByRole('listitem');
  await expect(steps.nth(1)).toContainText('The token is right failed');
  await expect(steps.nth(1)).toContainText('give the one that it was started with');
  await expect(steps).toHaveCount(2);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText('another token');

  await dialog.getByLabel('Token').fill(token);
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await expect(steps).toHaveCount(5);
  await expect(steps.nth(3)).toContainText('host (its own address)');
  await expect(steps.nth(4)).toContainText('a direct connection to local-1');
  expect(await seriousViolations(app.page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog).toHaveCount(0);
  await expect(app.page.getByRole('row', { name: /^attic Node worker/ })).toContainText('standby');
});

test('a port where nobody waits says what to start, on a phone, too', async () => {
  const dialog = await open(390);
  await dialog.getByLabel('Name or address').fill('127.0.0.1');
  await dialog.getByLabel('Port', { exact: true }).fill(String(await freePort()));
  await dialog.getByLabel('Token').fill('a-good-secret');
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await expect(dialog.getByRole('listitem')).toContainText('is a worker with `--listen', {
    ignoreCase: true,
  });
  expect(await dialog.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
});

test('a test that is stopped keeps the keyboard where it was, and no later error to itself', async () => {
  const [port, token] = [await freePort(), 'a-good-secret'];
  await using _worker = await startWaitingWorker('cellar', { port, token });
  // It takes calls and says nothing.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const dialog = await open(1280);
  await dialog.getByLabel('Name or address').fill('127.0.0.1');
  await dialog.getByLabel('Port', { exact: true }).fill(String((silent.address() as AddressInfo).port));
  await dialog.getByLabel('Token').fill('a-wrong-secret');
  await dialog.getByRole('button', { name: 'Test connection' }).press('Enter');
  const stop = dialog.getByRole('button', { name: 'Stop the test' });
  await expect(stop).toBeFocused();
  await stop.press('Enter');
  await expect(dialog.getByRole('button', { name: 'Test connection' })).toBeFocused();
  await expect(dialog.getByRole('alert')).toHaveCount(0);
  silent.close();

  await dialog.getByLabel('Port', { exact: true }).fill(String(port));
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText('another token');
});
