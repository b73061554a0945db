/** Invites, approval and who may come in, on a real hub. */
import { expect, test, type Locator, type Page } from './support/fixtures.ts';
import { startHub, type HubProcess } from '../support/hubProcess.ts';
import { startTurnServer } from '../support/turnServer.ts';
import { nodesOf } from '../support/nodes.ts';
import { joinButton, joinOnProcessor, seriousViolations } from './support/appPage.ts';

let hub: HubProcess;
test.beforeAll(async ({ model }) => {
  hub = await startHub({ flags: ['--model', model.path, '--local-workers', '0', '--https-port', '0'] });
});
test.afterAll(() => hub[Symbol.asyncDispose]());

/** As on another device. */
const elsewhere = { 'x-forwarded-for': '10.0.0.1' };
const region = (page: Page, name: string): Locator => page.getByRole('region', { name });

test('one invite lets a friend chat and lend, after the operator approved the device; revoked, both end', async ({
  browser,
}) => {
  await using own = await browser.newContext({
    baseURL: hub.url,
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
  });
  const operator = await own.newPage();
  await operator.goto('/settings');
  const access = region(operator, 'Who may come in');
  await access.getByLabel('Devices that were never here').selectOption('wait until you approve them');
  await access.getByLabel('Web pages of other sites').fill('https://chat.example.org/path');
  await access.getByRole('button', { name: 'Save access' }).click();
  await expect(
    operator.getByText('The line “https://chat.example.org/path” isn’t the address of a site.'),
  ).toBeVisible();
  await access.getByLabel('Web pages of other sites').fill('https://chat.example.org');
  await access.getByRole('button', { name: 'Save access' }).click();
  await expect(operator.getByText('Saved.', { exact: true })).toBeVisible();
  await expect(operator.getByText('isn’t the address of a site')).toHaveCount(0);
  const invites = region(operator, 'Invites');
  await invites.getByLabel('Who is it for?').fill('<i>Anna</i>');
  await invites.getByLabel('Also make a short code').check();
  await invites.getByRole('button', { name: 'Create invite' }).click();
  await expect(invites.getByRole('img', { name: 'QR code of the link to join' })).toBeVisible();
  const link =
    (
      await invites
        .getByText(/#invite=/)
        .first()
        .textContent()
    )?.trim() ?? '';
  const code = (await invites.getByText(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/).textContent())?.trim() ?? '';
  expect(await seriousViolations(operator)).toEqual([]);

  await using friends = await browser.newContext({ baseURL: hub.url, extraHTTPHeaders: elsewhere });
  const friend = await friends.newPage();
  await friend.goto('/join#invite=invite-that-nobody-made');
  await expect(friend.getByRole('alert')).toContainText('This hub has no such invite.');
  await expect(friend.getByRole('dialog')).toHaveCount(0);
  await friend.goto(`/join${new URL(link).hash}`);
  await expect(friend.getByText('You’re in.')).toBeVisible();
  await expect(friend.getByRole('alert')).toHaveCount(0);
  await expect(friend).toHaveURL(/\/join$/);
  await expect(friend.getByRole('link', { name: 'Chat without lending' })).toBeVisible();
  await joinOnProcessor(friend);
  await expect(friend.getByRole('heading', { name: 'Waiting for approval' })).toBeVisible();
  await expect(friend.getByText('must approve it first')).toBeVisible();

  await operator.goto('/nodes');
  const waiting = region(operator, 'Waiting for your approval');
  await expect(waiting).toContainText('from 127.0.0.1');
  await expect(waiting).toContainText('joined with “<i>Anna</i>”');
  expect(await seriousViolations(operator)).toEqual([]);
  await waiting.getByRole('button', { name: /^Approve/ }).click();
  await expect(waiting).toHaveCount(0);
  await expect(operator.getByRole('heading', { name: 'Nodes', level: 1 })).toBeFocused();
  await expect(friend.getByText('must approve it first')).toHaveCount(0);

  // It was for one: the code opens nothing more.
  await using others = await browser.newContext({ baseURL: hub.url, extraHTTPHeaders: elsewhere });
  const other = await others.newPage();
  await other.goto('/join');
  await other.getByLabel('Join link, invite code or token').fill(code.toLowerCase().replace('-', ''));
  await joinButton(other).click();
  await expect(other.getByRole('alert')).toContainText('was used as often as it may be');
  await other.goto('/settings');
  const dialog = other.getByRole('dialog');
  for (const [entered, problem] of [
    [code, 'was used as often as it may be'],
    [code.replace('-', ''), 'was used as often as it may be'],
    ['WRNG-CODE', 'This hub has no such invite.'],
  ] as const) {
    await dialog.getByLabel('Key, code or password').fill(entered);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await expect(dialog.getByRole('alert')).toContainText(problem);
  }
  await expect(other).toHaveURL(/\/settings$/);

  await operator.goto('/settings');
  await expect(invites).toContainText('used 1 of 1 time; 1 connected');
  await invites.getByRole('button', { name: 'Revoke <i>Anna</i>' }).click();
  await operator.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
  await expect.poll(() => nodesOf(hub)).toEqual([]);
  await friend.goto('/');
  await expect(friend.getByText('Sign in to use this hub.')).toBeVisible();
});

test('a hub that was started with its join token says that it can’t replace it', async ({ browser }) => {
  await using own = await browser.newContext({ baseURL: hub.url });
  const page = await own.newPage();
  await page.goto('/settings');
  await region(page, 'Join tokens').getByRole('button', { name: 'Replace …' }).click();
  const dialog = page.getByRole('alertdialog');
  await expect(dialog.getByLabel('Devices that joined with the former token stay')).toBeChecked();
  await dialog.getByRole('button', { name: 'Replace', exact: true }).click();
  await expect(page.getByText('The hub was started with its join token.')).toBeVisible();
});

test('a TURN server is tried: what it relays, or what to check', async ({ browser }) => {
  await using turn = await startTurnServer();
  await using own = await browser.newContext({ baseURL: hub.url });
  const page = await own.newPage();
  await page.goto('/settings');
  const panel = region(page, 'TURN servers');
  const test = panel.getByRole('button', { name: 'Test servers' });
  await expect(test).toBeDisabled();
  await panel.getByLabel('Addresses, one per line').fill('foo');
  await test.click();
  await expect(panel.getByText('Enter the user name and the password of the servers first.')).toBeVisible();
  await panel.getByLabel('User name').fill(turn.username);
  await panel.getByLabel('Password').fill('wrong');
  await expect(panel.getByText('Enter the user name')).toHaveCount(0);
  await test.click();
  await expect(panel.getByText('The line “foo” isn’t the address of a TURN server.')).toBeVisible();
  await panel.getByLabel('Addresses, one per line').fill(turn.url);
  await panel.getByLabel('User name').fill(turn.username);
  await panel.getByLabel('Password').fill('wrong');
  await test.click();
  await expect(panel.getByText('gave this browser no address to relay at')).toBeVisible();
  await panel.getByLabel('Password').fill(turn.credential);
  await panel.getByRole('button', { name: 'Save servers' }).click();
  await expect(panel.getByLabel('Password')).toHaveValue('');
  // With the password that the hub keeps.
  await test.click();
  await expect(panel.getByText('works from this browser')).toBeVisible();

  await expect(region(page, 'Storage and backup')).toContainText('Conversations, requests, keys');
  await page.setViewportSize({ width: 360, height: 800 });
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  expect(await seriousViolations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});
