/** The settings page: each line is changed there, and does what it says at the hub. */
import { expect, test, type BrowserContext, type Locator, type Page } from './support/fixtures.ts';
import { createAuthority, issueServerCertificate } from '../../hub/network/certificate/issueCertificate.ts';
import { changeSettings } from '../support/changeSettings.ts';
import type { HubProcess } from '../support/hubProcess.ts';
import { appOnHub } from './support/appOnHub.ts';
import { goTo, seriousViolations } from './support/appPage.ts';

const app = appOnHub({ flags: ['--local-workers', '0', '--https-port', '0'], reusesPage: true });
let hub: HubProcess;
let context: BrowserContext;
let page: Page;

test.beforeEach(() => {
  ({ hub, page } = app);
  context = page.context();
});

async function panel(title: string): Promise<Locator> {
  await page.goto('/settings');
  return page.getByRole('region', { name: title });
}

const get = async (path: string): Promise<Record<string, unknown>> =>
  (await (await fetch(`${hub.url}/api${path}`)).json()) as Record<string, unknown>;

test('TURN servers are kept, their password is not shown again, and they can be removed', async () => {
  const turn = await panel('TURN servers');
  await turn.getByLabel('Addresses, one per line').fill('http://turn.example.org');
  await turn.getByLabel('User name').fill('potluck');
  await turn.getByLabel('Password').fill('a secret of TURN');
  await turn.getByRole('button', { name: 'Save servers' }).click();
  await expect(page.getByText('isn’t the address of a TURN server')).toBeVisible();
  await turn
    .getByLabel('Addresses, one per line')
    .fill('turn:turn.example.org:3478\nturns:turn.example.org?transport=tcp');
  await turn.getByRole('button', { name: 'Save servers' }).click();
  await expect(page.getByText('Devices that join from now on use these servers.')).toBeVisible();
  await page.reload();
  await expect(turn.getByLabel('Addresses, one per line')).toHaveValue(/turns:turn\.example\.org/);
  await expect(turn.getByLabel('Password')).toHaveValue('');
  expect(await get('/settings')).toMatchObject({ turnUsername: 'potluck', hasTurnCredential: true });
  // What somebody else changed meanwhile is shown, and a second save does not take it back.
  await changeSettings(hub, { turnUrls: ['turn:other.example.org:3478'] });
  await turn.getByLabel('User name').fill('another');
  await turn.getByRole('button', { name: 'Save servers' }).click();
  await expect(page.getByText('The settings were changed meanwhile.')).toBeVisible();
  await expect(turn.getByLabel('Addresses, one per line')).toHaveValue('turn:other.example.org:3478');
  await expect(turn.getByLabel('User name')).toHaveValue('another');
  await turn.getByRole('button', { name: 'Save servers' }).click();
  await expect(page.getByText('Devices that join from now on use these servers.')).toBeVisible();
  expect(await get('/settings')).toMatchObject({
    turnUrls: ['turn:other.example.org:3478'],
    turnUsername: 'another',
  });
  // Another panel saves with the revision that this one made.
  const kept = page.getByLabel('Keep requests for (days)');
  await turn.getByRole('button', { name: 'Remove' }).click();
  await expect(turn.getByRole('button', { name: 'Remove' })).toHaveCount(0);
  await kept.fill('7');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible();
  expect(await get('/settings')).toMatchObject({ turnUrls: [], hasTurnCredential: false, retentionDays: 7 });
});

test('what was said on a page goes with it', async () => {
  // By itself it would go after some seconds, which do not end here.
  await page.addInitScript(() => {
    const wait = globalThis.setTimeout;
    globalThis.setTimeout = ((act: () => void, ms?: number) =>
      (ms ?? 0) >= 1000 ? 0 : wait(act, ms)) as typeof globalThis.setTimeout;
  });
  await page.goto('/settings');
  await page.getByLabel('Keep requests for (days)').fill('8');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const said = page.getByText('Saved.', { exact: true });
  await expect(said).toBeVisible();
  await goTo(page, 'Models');
  await expect(said).toHaveCount(0);
});

test('a certificate is brought, named, and given back', async () => {
  const authority = await createAuthority('An authority');
  const server = await issueServerCertificate(authority, ['hub.example.org']);
  const file = (name: string, text: string): { name: string; mimeType: string; buffer: Buffer } => ({
    ...{ name, mimeType: 'application/x-pem-file' },
    buffer: Buffer.from(text),
  });
  const certificate = await panel('Address and certificate');
  await expect(certificate).toContainText('made by the hub');
  await expect(certificate.getByRole('link', { name: /Download/ })).toBeVisible();
  const use = async (key: string): Promise<void> => {
    await certificate.getByLabel(/^Your certificate/).setInputFiles(file('chain.pem', server.certificate));
    await certificate.getByLabel(/^Private key/).setInputFiles(file('key.pem', key));
    await certificate.getByRole('button', { name: 'Use this certificate' }).click();
    await page.getByRole('button', { name: 'Change certificate' }).click();
  };
  await use(authority.key);
  await expect(page.getByText(/The key is not the key of the certificate/)).toBeVisible();
  await use(server.key);
  await expect(certificate).toContainText('Signed by CN=An authority');
  await expect(certificate).toContainText('does not cover 127.0.0.1');
  expect(await seriousViolations(page)).toEqual([]);
  await certificate.getByRole('button', { name: 'Use the hub’s own certificate' }).click();
  await expect(certificate).toContainText('made by the hub');
});

test('a key with limits and a join token that ends say what they are', async () => {
  const keys = await panel('API keys');
  await keys.getByLabel('Name').fill('the radio');
  await keys.getByText('Limits and rights').click();
  await keys.getByLabel('Requests per minute').fill('20');
  await keys.getByLabel('Requests at once').fill('2');
  await keys.getByLabel('Model').selectOption('only minimind2-small');
  await keys.getByRole('button', { name: 'Create key' }).click();
  await expect(keys.getByRole('listitem')).toContainText(
    'never used; 20 requests per minute; 2 at once; only minimind2-small',
  );
  const tokens = await panel('Join tokens');
  await tokens.getByLabel('For whom').fill('a party');
  const expires = tokens.getByLabel('Expires');
  await expires.fill('2020-12-31');
  await tokens.getByRole('button', { name: 'Create token' }).click();
  // The browser says in its own words that this day is over.
  await expect(expires).toBeFocused();
  expect(await expires.evaluate((field: HTMLInputElement) => field.validity.rangeUnderflow)).toBe(true);
  await expires.fill('2099-12-31');
  await tokens.getByRole('button', { name: 'Create token' }).click();
  const item = tokens.getByRole('listitem').filter({ hasText: 'a party' });
  await expect(item).toContainText(/expires .*2099/);
  await item.getByRole('button', { name: 'Revoke a party' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(item).toContainText('revoked');
  await item.getByRole('button', { name: 'Delete a party' }).click();
  await expect(item).toHaveCount(0);
});

test('who gives something wrong to log in hears what is wrong with it', async () => {
  await fetch(`${hub.url}/api/session/password`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password: 'correct horse' }),
  });
  await context.setExtraHTTPHeaders({ 'x-forwarded-for': '10.0.0.1' });
  await page.goto('/settings');
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.getByLabel('Key, code or password').fill('wrong horse');
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog.getByRole('alert')).toHaveText(
    'That is neither the admin password nor a key of this hub.',
  );
  await dialog.getByLabel('Key, code or password').fill('correct horse');
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('You are signed in as admin.')).toBeVisible();
});

test('who is signed out from another device reads that on every page, and signs in again', async () => {
  const change = (current: string, password: string): Promise<Response> =>
    fetch(`${hub.url}/api/session/password`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ current, password }),
    });
  const signIn = async (on: Page, password: string): Promise<void> => {
    const dialog = on.getByRole('dialog', { name: 'Sign in' });
    await dialog.getByLabel('Key, code or password').fill(password);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await expect(dialog).toHaveCount(0);
  };
  expect((await change('correct horse', 'correct horse')).ok).toBe(true);
  await context.setExtraHTTPHeaders({ 'x-forwarded-for': '10.0.0.1' });
  await page.goto('/nodes');
  await signIn(page, 'correct horse');
  const heading = page.getByText(/^No device is connected\./);
  await expect(heading).toBeVisible();
  const other = await context.newPage();
  await other.goto('/requests');
  await expect(other.getByText('No requests yet.')).toBeVisible();

  // All logins end, and both tabs hear of that without being touched.
  expect((await change('correct horse', 'battery staple')).ok).toBe(true);
  for (const tab of [page, other]) {
    await expect(tab.getByLabel('Signed out').getByText('You are signed out')).toBeVisible();
    await expect(tab.getByRole('dialog')).toHaveCount(0);
  }
  await expect(heading).toHaveCount(0);
  for (const name of ['Chat', 'Models', 'Requests', 'Settings', 'Nodes']) {
    await goTo(page, name);
    await expect(page.getByLabel('Signed out').getByText('You are signed out')).toBeVisible();
  }
  expect(await seriousViolations(page)).toEqual([]);

  // One signs in, and both are in.
  await page.getByRole('button', { name: 'Sign in' }).click();
  await signIn(page, 'battery staple');
  await expect(heading).toBeVisible();
  await expect(other.getByText('No requests yet.')).toBeVisible();
  await expect(other.getByLabel('Signed out').getByText('You are signed out')).toHaveCount(0);
});
