import { expect, test, type Locator, type Page } from './support/fixtures.ts';
import type { JoinToken } from '@potluck/api';
import { joinLink } from '@potluck/protocol';
import { joinButton, joinOnProcessor, seriousViolations } from './support/appPage.ts';

test('a join token that is made in the settings comes with a link and a QR code, by which a tab joins', async ({
  browser,
  tabHub: hub,
}) => {
  // The link is for HTTPS, by the hub's own certificate.
  await using context = await browser.newContext({ baseURL: hub.url, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto('/settings');
  const panel = page.getByRole('region', { name: 'Join tokens' });
  await panel.getByLabel('For whom').fill('neighbours');
  await panel.getByRole('button', { name: 'Create token' }).click();
  await expect(panel.getByRole('img', { name: 'QR code of the link to join' })).toBeVisible();
  const link =
    (await panel
      .getByText(/\/join#token=/)
      .first()
      .textContent()) ?? '';
  expect(link).not.toContain(hub.joinToken);
  await page.goto('about:blank');
  await page.goto(link.trim());
  await joinOnProcessor(page);
  await expect(page.locator('html')).toHaveAttribute('data-worker-state', 'contributing');
  // Other tests have this hub, too.
  const { tokens } = (await (await fetch(`${hub.url}/api/join-tokens`)).json()) as { tokens: JoinToken[] };
  const { id } = tokens.find(({ name }) => name === 'neighbours') ?? {};
  expect((await fetch(`${hub.url}/api/join-tokens/${id}`, { method: 'DELETE' })).ok).toBe(true);
});

test('a tab that was refused takes the fresh link that is opened in it', async ({ browser, tabHub: hub }) => {
  await using context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => localStorage.setItem('potluck.tab', JSON.stringify({ device: 'wasm' })));
  const link = (token: string): string => joinLink({ hubUrl: hub.url, token });
  const state = page.locator('html');
  await page.goto(link('of-a-hub-that-was'));
  await joinButton(page).click();
  await expect(state).toHaveAttribute('data-worker-state', 'refused');
  const loaded = await page.evaluate(() => performance.timeOrigin);
  await page.goto(link(hub.joinToken));
  await expect(state).toHaveAttribute('data-worker-state', 'idle');
  await expect(page).toHaveURL(`${hub.url}/join`);
  await joinButton(page).click();
  await expect(state).toHaveAttribute('data-worker-state', 'contributing');
  await expect(page.getByRole('alert')).toHaveCount(0);
  expect(await page.evaluate(() => performance.timeOrigin)).toBe(loaded);
});

test('the hub’s own machine joins without a token; elsewhere there is a field for it', async ({
  browser,
  tabHub: hub,
}) => {
  const state = (page: Page): Locator => page.locator('html');
  const processor = (): void => localStorage.setItem('potluck.tab', JSON.stringify({ device: 'wasm' }));
  {
    await using own = await browser.newContext({ baseURL: hub.url });
    await own.addInitScript(processor);
    const ownPage = await own.newPage();
    await ownPage.goto('/join');
    await joinButton(ownPage).click();
    await expect(state(ownPage)).toHaveAttribute('data-worker-state', 'contributing');
  }

  await using other = await browser.newContext({ baseURL: hub.url });
  await other.setExtraHTTPHeaders({ 'x-forwarded-for': '10.0.0.1' });
  const page = await other.newPage();
  await page.goto('/join');
  const field = page.getByLabel('Join link, invite code or token');
  await expect(field).toHaveAccessibleDescription(/“Add a device”/);
  expect(await seriousViolations(page)).toEqual([]);
  const join = page.getByRole('button', { name: /^(Join this hub|Try again)$/ });
  await page.getByLabel('Use the CPU only').check();
  await field.fill('of-a-hub-that-was');
  await join.click();
  await expect(state(page)).toHaveAttribute('data-worker-state', 'refused');
  await field.fill(joinLink({ hubUrl: hub.url, token: hub.joinToken }));
  await join.click();
  await expect(state(page)).toHaveAttribute('data-worker-state', 'contributing');
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  // The token is kept.
  await expect(join).toBeVisible();
  await expect(field).toHaveCount(0);
});
