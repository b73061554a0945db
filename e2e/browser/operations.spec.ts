/** What an operator reads after real answers: requests with their times, usage, what happened, and what would happen. */
import { readFile } from 'node:fs/promises';
import { expect, test } from './support/fixtures.ts';
import { nodesOf } from '../support/nodes.ts';
import { appOnHub } from './support/appOnHub.ts';
import { askInChat, goTo, neverEnd, seriousViolations } from './support/appPage.ts';
import { expectLabelsApart } from './support/labelsApart.ts';

const app = appOnHub({
  flags: ['--local-workers', '2', '--stages', '2'],
  viewport: { width: 1280, height: 900 },
  reusesPage: true,
});

/** All sizes in a text. */
function bytesIn(text: string): number[] {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  return [...text.matchAll(/([\d.,]+) ([kMGT]?B)\b/g)].map(
    ([, digits = '', unit = '']) => Number(digits.replaceAll(',', '')) * 1000 ** units.indexOf(unit),
  );
}

test('requests show when what happened, are replayed in a chat, and are summed up', async () => {
  const { page, hub } = app;
  await page.goto('/');
  await askInChat(page, 'What is the capital of France?', 12);
  const refused = await fetch(`${hub.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: '=cmd', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  expect(refused.status).toBe(404);

  await test.step('the list has what was refused, and why', async () => {
    await goTo(page, 'Requests');
    const list = page.getByRole('listitem');
    await expect(list.filter({ hasText: 'refused' })).toContainText("The model '=cmd' does not exist here");
    await list.filter({ hasText: 'chat' }).getByRole('button').first().click();
    const timeline = page.getByRole('region', { name: 'Timeline' });
    await expect(timeline).toContainText('reading the prompt');
    await expect(timeline).toContainText('writing');
    await expect(timeline).toContainText('local-1');
    await expect(timeline).toContainText('local-2');
    expect(await seriousViolations(page)).toEqual([]);
  });

  await test.step('a request is asked again in a chat of its own', async () => {
    await neverEnd(page);
    await page.getByRole('button', { name: 'Replay in chat' }).click();
    const answer = page.getByRole('article', { name: 'Answer' });
    await expect(answer).toHaveAttribute('aria-busy', 'true');
    await page.keyboard.press('Escape');
    await expect(answer.getByLabel('Version 2 of 2')).toBeVisible();
  });

  await test.step('usage counts both answers, and what was refused', async () => {
    await goTo(page, 'Requests');
    await page.getByRole('link', { name: 'Usage' }).click();
    const sums = page.getByRole('table', { name: 'Usage by group' });
    await expect(
      sums
        .getByRole('row', { name: /minimind2-small/ })
        .getByRole('cell')
        .first(),
    ).toHaveText('2');
    await expect(page.getByRole('img', { name: /^Tokens read and written over time/ })).toBeVisible();
    await expect(page.locator('svg rect').first()).toBeAttached();
    await page.getByLabel('By').selectOption('node');
    await expect(sums.getByRole('row', { name: /local-1/ })).toBeVisible();
    await expect(page).toHaveURL(/by=node/);
    expect(await seriousViolations(page)).toEqual([]);
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export CSV' }).click();
    const csv = await readFile(await (await downloading).path(), 'utf8');
    expect(csv).toContain('node,local-1,,2,');
  });

  await test.step('in the dark, and on a phone, it fits', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 844 });
    await expect(page.getByRole('img', { name: /^Tokens read and written over time/ })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await seriousViolations(page)).toEqual([]);
  });
});

test('nodes show what happened, and what would happen', async () => {
  const { page, hub } = app;
  await page.goto('/nodes');
  const log = page.getByRole('list', { name: 'What happened' });
  await expect(log).toContainText('local-1 joined');
  await expect(log).toContainText('minimind2-small runs on');
  await page.getByLabel('Device or model').selectOption('local-2');
  await expect(log).not.toContainText('local-1 joined');
  await expect(log).toContainText('local-2 joined');

  const row = page.getByRole('row', { name: /^local-1/ }).first();
  await expect(row).toContainText('Disk:');
  // What is used may change between the two looks.
  await expect(async () => {
    const node = (await nodesOf(hub)).find(({ name }) => name === 'local-1');
    const { usedBytes = 0, memoryBytes = 0, reservedBytes = 0, reclaimableBytes = 0, disk } = node ?? {};
    const told = [usedBytes, memoryBytes, reservedBytes, memoryBytes - reservedBytes];
    if (reclaimableBytes > 0) told.push(reclaimableBytes);
    told.push(disk?.weightBytes ?? 0, disk?.freeBytes ?? 0);
    const shown = bytesIn(await row.getByRole('cell').filter({ hasText: 'Disk:' }).innerText());
    expect(shown).toHaveLength(told.length);
    // Two digits are shown.
    for (const [index, bytes] of told.entries()) {
      expect(Math.abs((shown[index] ?? 0) - bytes)).toBeLessThanOrEqual(0.051 * bytes);
    }
  }).toPass();
  await row.getByRole('button', { name: 'Actions for local-1' }).click();
  await page.getByRole('menuitem', { name: 'What happens if it leaves …' }).click();
  const dialog = page.getByRole('dialog', { name: 'If local-1 leaves now' });
  await expect(dialog).toContainText(/minimind2-small (pauses until local-2 has loaded|stops)/);
  await dialog.getByRole('button', { name: 'Close' }).click();

  const first = page.getByRole('row', { name: /^local-1/ }).first();
  await expect(first).toBeVisible();
  const nodes = await nodesOf(hub);
  for (const { id } of nodes) {
    await page.request.patch(`/api/nodes/${id}`, { data: { name: `the laptop of my great-aunt ${id}` } });
  }
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await expect(page.locator('text.round-trip').first()).toBeVisible();
    await expect(page.locator('text.name', { hasText: 'the laptop' })).toHaveCount(nodes.length);
    await expect(page.locator('text.held')).toHaveCount(nodes.length);
    await expectLabelsApart(page, `${width} px`);
  }
  expect(await seriousViolations(page)).toEqual([]);
});
