/** The app in other languages. */
import { expect, test, type Locator, type Page } from './support/fixtures.ts';
import { nodesOf } from '../support/nodes.ts';
import { appOnHub } from './support/appOnHub.ts';
import { closeAbove, neverEnd, openedAbove, seriousViolations } from './support/appPage.ts';
import { englishOn } from './support/englishWords.ts';
import { textsIn, type Texts } from './support/texts.ts';

/** With HTTPS the hub has a certificate, which a dialog asks about. */
const app = appOnHub({ flags: ['--https-port', '0'] });

test('a person reads the app in the language of choice, which the browser remembers, and keys do the same', async () => {
  const { page } = app;
  await page.goto('/settings');
  await page.getByLabel('Language').selectOption('Deutsch');
  await expect(page.getByRole('heading', { name: 'Einstellungen' })).toBeVisible();
  await expect(page.getByLabel('Sprache')).toBeFocused();
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
  await context.request.patch(`/api/nodes/${node?.id}`, { data: { mode: 'active' } });
});

/** Pages, and what is there when all has come. */
const wholeOnes = {
  '/': 'main button',
  '/compare': 'main select',
  '/nodes': 'main table tbody tr',
  '/models': 'main [role=img]',
  '/requests': 'main h1',
  '/requests/usage': 'main h1',
  '/join': 'input[type=range]',
  '/settings': '#turn-urls',
};

/** What is pressed, one after the other, to open something above a page; at each step it is read. */
type Opening = (page: Page, t: Texts) => Locator[];

const button =
  (text: string, ...values: string[]): Opening =>
  (page, t) => [page.getByRole('button', { name: t(text, ...values), exact: true }).first()];
const tabs =
  (opener: Opening, ...names: string[]): Opening =>
  (page, t) => [...opener(page, t), ...names.map((name) => page.getByRole('tab', { name: t(name) }))];
const choices =
  (opener: Opening, ...names: string[]): Opening =>
  (page, t) => [...opener(page, t), ...names.map((name) => page.getByLabel(t(name)))];
const item =
  (opener: Opening, text: string): Opening =>
  (page, t) => [...opener(page, t), page.getByRole('menuitem', { name: t(text), exact: true })];

const ofChat = button('More for {0}', 'Hallo');
const ofNode = button('Actions for {0}', 'local-1');
const addDevice = button('Add a device');
const addModel = button('Add a model');
const change = button('Change deployment');

const openings: Record<string, Opening[]> = {
  '/': [
    button('Model: {0}', 'minimind2-small'),
    button('Chat settings'),
    item(button('More for all conversations'), 'Delete all …'),
    item(ofChat, 'Delete …'),
    button('View as code'),
  ],
  '/nodes': [
    tabs(addDevice, 'Node worker', 'Headless browser', 'By host and port'),
    item(ofNode, 'Rename …'),
    item(ofNode, 'What happens if it leaves …'),
    item(ofNode, 'Remove …'),
    item(ofNode, 'Remove and block …'),
    button('Move layers of {0}', 'minimind2-small'),
  ],
  '/models': [
    tabs(addModel, 'From the hub’s disk', 'Upload'),
    choices(change, 'A fixed number of parts', 'Choose devices', 'Fewest devices'),
    button('Options of {0}', 'minimind2-small'),
    button('Undeploy'),
  ],
  '/requests': [button('Delete …')],
  '/settings': [button('Revoke {0}', 'Ada'), button('Replace …'), button('Use this certificate')],
};
for (const [locale, language, own] of [
  ['de-DE', 'de', 'Was kochen wir heute?'],
  ['zh-CN', 'zh', '设置'],
] as const) {
  test(`no page, and nothing above one, says anything in English in ${locale}, and no other language is loaded`, async () => {
    await using context = await app.browser.newContext({ baseURL: app.hub.url, locale });
    const page = await context.newPage();
    const t = textsIn(language);
    const scripts: Promise<string>[] = [];
    page.on('response', (response) => {
      if (response.url().endsWith('.js')) scripts.push(response.text().catch(() => ''));
    });
    await context.request.post('/api/keys', { data: { name: 'Ada' } });
    for (const [path, whole] of Object.entries(wholeOnes)) {
      await page.goto(path);
      await page.locator(whole).first().waitFor();
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      expect.soft(await englishOn(page), path).toEqual([]);
      if (path === '/') await beginToChat(page, t);
      if (path === '/settings') await chooseCertificate(page);
      for (const [index, opening] of (openings[path] ?? []).entries()) {
        for (const step of opening(page, t)) {
          await step.click();
          await expect(openedAbove(page).last()).toBeVisible();
          // What the hub is asked for is there.
          await expect(page.getByText(t('Asking the hub …'))).toHaveCount(0);
          expect.soft(await englishOn(page), `${path} ${index}: ${step.toString()}`).toEqual([]);
        }
        await closeAbove(page);
      }
    }
    const loaded = (await Promise.all(scripts)).join('\n');
    const others = ['What shall we cook up?', 'Was kochen wir heute?', '设置'].filter((text) => text !== own);
    expect(loaded).toContain(own);
    for (const text of others) expect(loaded).not.toContain(text);

    // Who is out is asked who they are, and hears that the hub does not know them.
    await page.route('**/api/session', async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const response = await route.fetch();
      const session = (await response.json()) as object;
      return route.fulfill({ response, json: { ...session, scopes: [] } });
    });
    await page.goto('/');
    await expect(page.getByRole('dialog', { name: t('Sign in') })).toBeVisible();
    expect.soft(await englishOn(page), 'signing in').toEqual([]);
    await page.getByLabel(t('Key, code or password')).fill('soup');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog').getByRole('alert')).toBeVisible();
    expect.soft(await englishOn(page), 'signing in with a wrong key').toEqual([]);
  });
}

/** For what there is in a conversation only. */
async function beginToChat(page: Page, t: Texts): Promise<void> {
  const field = page.getByLabel(t('Your message'));
  await expect(field).toHaveAttribute('placeholder', t('Ask anything'));
  await field.fill('Hallo');
  await field.press('Enter');
  await expect(page.locator('article .markdown').first()).not.toBeEmpty();
  await field.press('Escape');
  await expect(page.getByRole('button', { name: t('View as code') })).toBeVisible();
  // Screen readers have been told the answer's own words.
  await expect(page.locator('p[role=status].visually-hidden').filter({ hasText: /\S/ })).toHaveCount(0);
}

/** Without files of a certificate nothing is asked about it. */
async function chooseCertificate(page: Page): Promise<void> {
  for (const field of ['#certificate-file', '#certificate-key']) {
    await page
      .locator(field)
      .setInputFiles({ name: 'a.pem', mimeType: 'text/plain', buffer: Buffer.from('a') });
  }
}
