/** The app in other languages. */
import { expect, test } from './support/fixtures.ts';
import { nodesOf } from '../support/nodes.ts';
import { appOnHub } from './support/appOnHub.ts';
import { neverEnd, seriousViolations } from './support/appPage.ts';

const app = appOnHub();

test('a person reads the app in the language of choice, which the browser remembers, and keys do the same', async () => {
  const { page } = app;
  await page.goto('/settings');
  await page.getByLabel('Language').selectOption('Deutsch');
  await expect(page.getByRole('heading', { name: 'Einstellungen' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  expect(await seriousViolations(page)).toEqual([]);
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Was kochen wir heute?' })).toBeVisible();
  await neverEnd(page);
  await page.getByLabel('Deine Nachricht').fill('Tell me a story that does not end.');
  await page.keyboard.press('Enter');
  const answer = page.getByRole('article', { name: 'Antwort' });
  await expect(answer.locator('.markdown')).not.toBeEmpty();
  await page.keyboard.press('Escape');
  await expect(answer).toContainText('Gestoppt.');
  await page.goto('/settings');
  await page.getByLabel('Sprache').selectOption('中文');
  await expect(page.getByRole('heading', { name: '设置' })).toBeVisible();
  await page.getByLabel('语言').selectOption('English');
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
});

test('a browser whose language is German shows the app in German', async () => {
  await using context = await app.browser.newContext({ baseURL: app.hub.url, locale: 'de-AT' });
  const page = await context.newPage();
  await page.goto('/join');
  await expect(page.getByRole('heading', { name: 'Dieses Gerät verleihen' })).toBeVisible();
  await page.goto('/nodes');
  // Values, and words alone.
  await expect(page.getByText(/^\d+ MB von \d+(,\d)? GB$/)).toBeVisible();
  await expect(page.getByRole('definition').filter({ hasText: 'nichts zu tun' })).toBeVisible();

  // What the hub says in English, with what it says within that.
  const [node] = await nodesOf(app.hub);
  await context.request.patch(`/api/nodes/${node?.id}`, { data: { mode: 'paused' } });
  await page.goto('/');
  await expect(
    page.getByText(
      /^minimind2-small läuft noch nicht: das Modell braucht \d+ MB, und keines der Geräte kann es ausführen; local-1 ist pausiert\.$/,
    ),
  ).toBeVisible();
});
