import { expect, test, type Page, type Request } from './support/fixtures.ts';
import { startWorker } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { appOnHub } from './support/appOnHub.ts';
import {
  askInChat,
  goTo,
  joinButton,
  joinOnProcessor,
  keepShort,
  say,
  seriousViolations,
  typeAndLeave,
} from './support/appPage.ts';

/** Compressed bytes of script that the first page may load. */
const mostScriptBytes = 205_000;

const app = appOnHub({
  flags: ['--local-workers', '2', '--stages', '2'],
  viewport: { width: 1280, height: 900 },
  reusesPage: true,
});

test('the chat answers, shows the way of the answer, and finds it again after a reload', async () => {
  await app.page.goto('/');
  await askInChat(app.page, 'What is the capital of France?');
  const answer = app.page.getByRole('article', { name: 'Answer' });
  await expect(answer).toContainText('Paris');
  await answer.getByRole('button', { name: 'on 2 devices' }).click();
  await expect(answer).toContainText('local-1');
  await expect(answer).toContainText('local-2');
  await expect(answer).toContainText('computing');
  expect(await seriousViolations(app.page)).toEqual([]);

  await app.page.reload();
  await expect(answer).toContainText('Paris');
  await answer.getByRole('button', { name: 'Regenerate' }).click();
  await expect(answer.getByLabel('Version 2 of 2')).toBeVisible();
  await answer.getByRole('button', { name: 'Previous version' }).click();
  await expect(answer.getByLabel('Version 1 of 2')).toBeVisible();
});

test('conversations are renamed, found, deleted, and nobody else sees them', async () => {
  await app.page.goto('/');
  await askInChat(app.page, 'What is the capital of France?');
  const list = app.page.getByRole('navigation', { name: 'Conversations' });
  await list.getByRole('button', { name: 'More for What is the capital of France?' }).click();
  await app.page.getByRole('menuitem', { name: 'Rename' }).click();
  // The hub keeps 200 characters.
  const name = app.page.getByLabel('New name');
  await expect(name).toBeFocused();
  await name.fill('');
  await app.page.keyboard.insertText('x'.repeat(300));
  await expect(name).toHaveValue('x'.repeat(200));
  await name.fill('Geography');
  await app.page.keyboard.press('Enter');
  await expect(list.getByRole('button', { name: 'Geography', exact: true })).toBeVisible();
  await app.page.getByLabel('Search conversations').fill('no such words');
  await expect(list).toContainText('No conversation contains');
  await app.page.route('**/api/conversations?*', (route) => route.abort());
  await app.page.getByLabel('Search conversations').fill('pari');
  await expect(list).toContainText('The hub isn’t answering');
  await app.page.unroute('**/api/conversations?*');
  await app.page.getByLabel('Search conversations').fill('paris');
  await expect(list).not.toContainText('The hub isn’t answering');
  await expect(list.getByRole('button', { name: /^Geography/ })).toBeVisible();
  // What is typed is looked for once.
  const looks: string[] = [];
  app.page.on('request', (request) => looks.push(request.url()));
  await typeAndLeave(app.page.getByLabel('Search conversations'), 'nowhere');
  await expect(list).toContainText('No conversation contains');
  expect(looks.filter((url) => url.includes('search=nowhere'))).toHaveLength(1);

  await using other = await app.browser.newContext({ baseURL: app.hub.url });
  const otherPage = await other.newPage();
  await otherPage.goto('/');
  await expect(otherPage.getByText('No conversations yet.')).toBeVisible();

  await app.page.getByLabel('Search conversations').fill('');
  await list.getByRole('button', { name: 'More for Geography' }).click();
  await app.page.getByRole('menuitem', { name: 'Delete' }).click();
  await app.page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await expect(app.page.getByRole('article')).toHaveCount(0);
  await expect(list).toContainText('No conversations yet.');
});

test('the nodes page shows who comes, is renamed, rests and goes, without a reload', async () => {
  await app.page.goto('/nodes');
  const table = app.page.getByRole('table', { name: 'Nodes that are connected' });
  await expect(table.getByRole('row', { name: /local-1/ })).toContainText('running');
  await using worker = await startWorker(app.hub, 'kitchen');
  const row = table.getByRole('row', { name: /kitchen|pantry/ });
  await expect(row).toContainText('standby');
  await row.getByRole('button', { name: 'Actions for kitchen' }).click();
  await app.page.getByRole('menuitem', { name: 'Rename' }).click();
  await app.page.getByLabel('Name', { exact: true }).fill('pantry');
  await app.page.getByRole('button', { name: 'Rename' }).click();
  await expect(row).toContainText('pantry');
  await row.getByRole('button', { name: 'Actions for pantry' }).click();
  await app.page.getByRole('menuitem', { name: 'Pause now' }).click();
  await expect(row).toContainText('paused');
  worker.child.kill('SIGTERM');
  await expect(row).toHaveCount(0);
});

/** Gives local-1 another name, or its own again: what every page of the nodes hears of. */
async function nameFirst(name: string): Promise<void> {
  const id = (await nodesOf(app.hub)).find(({ reportedName }) => reportedName === 'local-1')?.id;
  expect((await app.page.context().request.patch(`/api/nodes/${id}`, { data: { name } })).ok()).toBe(true);
}

test('many tabs share one event stream, also when some of them crash or close', async () => {
  // A browser has six connections to a hub.
  const tabs = [app.page];
  while (tabs.length < 8) tabs.push(await app.page.context().newPage());
  for (const tab of tabs) {
    await tab.goto('/nodes');
    await expect(tab.getByRole('row', { name: /^local-1/ }).first()).toBeVisible();
  }
  const [crashed, closed, ...left] = tabs;
  // The tab never comes to that page.
  await crashed?.goto('chrome://crash').catch(() => undefined);
  await closed?.close();
  await nameFirst('cellar');
  for (const tab of left) await expect(tab.getByRole('row', { name: /^cellar/ }).first()).toBeVisible();
  await nameFirst('local-1');
});

test('without shared workers, a tab has a stream while it can be seen', async () => {
  await app.page.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'SharedWorker');
    let state = 'visible';
    Object.defineProperty(document, 'visibilityState', { get: () => state });
    addEventListener('turn', ({ detail }: CustomEventInit<string>) => {
      state = detail ?? '';
      document.dispatchEvent(new Event('visibilitychange'));
    });
  });
  const turn = (state: string): Promise<unknown> =>
    app.page.evaluate((detail) => dispatchEvent(new CustomEvent('turn', { detail })), state);
  const isStream = (request: Request): boolean => request.url().endsWith('/api/events');
  await app.page.goto('/nodes');
  const row = app.page.getByRole('row', { name: /^attic/ }).first();
  await expect(app.page.getByRole('row', { name: /^local-1/ }).first()).toBeVisible();
  const ended = app.page.waitForEvent('requestfailed', isStream);
  await turn('hidden');
  await ended;
  await nameFirst('attic');
  const asked = app.page.waitForRequest(isStream);
  await turn('visible');
  await asked;
  await expect(row).toBeVisible();
  await nameFirst('local-1');
});

test('a browser that refuses a shared worker still shows what happens', async () => {
  await app.page.addInitScript(() => {
    globalThis.SharedWorker = class {
      constructor() {
        throw new DOMException('Refused', 'SecurityError');
      }
    } as never;
  });
  await app.page.goto('/nodes');
  await expect(app.page.getByRole('row', { name: /^local-1/ }).first()).toBeVisible();
});

test('four answers at once leave a connection for the rest; the next one waits, and can be stopped', async () => {
  const begin = async (tab: Page): Promise<void> => {
    await tab.goto('/');
    await keepShort(tab);
    await tab.getByLabel('Your message').fill('What is the capital of France?');
    await tab.keyboard.press('Enter');
  };
  const tabs: Page[] = [];
  while (tabs.length < 4) {
    const tab = await app.page.context().newPage();
    // An answer without end: nobody fulfils it.
    const asked = Promise.withResolvers<void>();
    await tab.route('**/v1/chat/completions', () => asked.resolve());
    await begin(tab);
    await asked.promise;
    tabs.push(tab);
  }
  const waiting = app.page.getByText('Waiting: this browser is already receiving 4 answers');
  await begin(app.page);
  await expect(waiting).toBeVisible();
  await app.page.getByRole('button', { name: 'Stop' }).click();
  await expect(app.page.getByText('This message has no answer yet.')).toBeVisible();
  await app.page.getByRole('button', { name: 'Retry' }).click();
  await expect(waiting).toBeVisible();
  await tabs[0]?.close();
  await expect(app.page.getByRole('article', { name: 'Answer' })).toContainText('Paris');
  // The place that the first one left is free again.
  await expect(app.page.getByRole('article', { name: 'Answer' }).getByText('tokens/s')).toBeVisible();
  await say(app.page, 'And of Italy?');
});

test('a link shows how to bring a device', async () => {
  await app.page.goto('/nodes');
  await app.page.getByRole('button', { name: 'Add a device' }).click();
  await expect(app.page.getByRole('img', { name: /QR code/ })).toBeVisible();
  await expect(app.page.getByText(`#token=${app.hub.joinToken}`)).toBeVisible();
});

test('a tab joins from its link, leaves and joins again; once its device is removed, it says what the nodes page says', async () => {
  const { page } = app;
  await page.goto(`/join#token=${app.hub.joinToken}`);
  await page.getByLabel('Device name').fill('loft');
  await joinOnProcessor(page);
  // It may have layers already, to stand by.
  await expect(page.getByRole('heading', { name: 'This device is helping' })).toBeVisible();
  expect(page.url()).not.toContain('token');
  await goTo(page, 'Nodes');
  await expect(page.getByRole('row', { name: /^loft browser tab/ })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Join', exact: true })).toHaveAccessibleDescription(
    'This tab is lending your device.',
  );
  await goTo(page, 'Join');
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await joinButton(page).click();
  const remove = async (item: string, action: string): Promise<void> => {
    await expect(page.getByRole('heading', { name: 'This device is helping' })).toBeVisible();
    await goTo(page, 'Nodes');
    await page.getByRole('button', { name: 'Actions for loft' }).click();
    await page.getByRole('menuitem', { name: item, exact: true }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: action, exact: true }).click();
    await expect(page.getByRole('row', { name: /^loft/ })).toHaveCount(0);
    await page.getByText(/here before$/).click();
  };
  const former = page.getByRole('listitem').filter({ has: page.getByText('loft', { exact: true }) });
  const log = page.getByRole('list', { name: 'What happened' });
  const problem = page.getByRole('main').getByRole('alert');

  await remove('Remove …', 'Remove');
  await expect(former).toContainText('the operator removed this device');
  await expect(log).toContainText('loft was removed');
  await goTo(page, 'Join');
  await expect(problem).toContainText(
    'This device was removed from the hub: the operator removed this device.',
  );
  await expect(problem).toContainText('It may join again.');
  await page.getByRole('button', { name: 'Try again' }).click();

  await remove('Remove and block …', 'Remove and block');
  await expect(former).toContainText('blocked');
  await expect(former).toContainText('the operator blocked this device');
  await expect(log).toContainText('loft was removed and blocked');
  await goTo(page, 'Join');
  await expect(problem).toContainText('The hub does not take this tab: the operator blocked this device.');
  await expect(problem).toContainText('on the page “Nodes”');
});

test('a model is deployed in an order by hand, as the preview said', async () => {
  await app.page.goto('/models');
  const card = app.page.getByRole('region', { name: 'minimind2-small' });
  const stages = card.getByRole('listitem').filter({ hasText: /local-\d/ });
  await expect(stages).toHaveCount(2);
  const [first = ''] = /local-\d/.exec((await stages.first().textContent()) ?? '') ?? [];
  await card.getByRole('button', { name: 'Change deployment' }).click();
  await app.page.getByLabel('Choose devices').check();
  await app.page.getByRole('button', { name: `Move ${first} down` }).click();
  await expect(app.page.getByRole('region', { name: 'Preview' }).getByRole('listitem').last()).toContainText(
    first,
  );
  await app.page.getByRole('button', { name: 'Apply' }).click();
  await expect(stages.last()).toContainText(first);
  await expect(stages.last()).toContainText('running');
});

test('a key is made, shown once, and revoked', async () => {
  await app.page.goto('/settings');
  const panel = app.page.getByRole('region', { name: 'API keys' });
  await panel.getByLabel('Name').fill('my editor');
  await panel.getByRole('button', { name: 'Create key' }).click();
  await expect(panel.getByText('You won’t see it again')).toBeVisible();
  const connect = app.page.getByRole('region', { name: 'Connect apps' });
  const filledIn = connect.getByLabel('API key, to fill it in below');
  await expect(filledIn).not.toHaveValue('KEY');
  const key = await filledIn.inputValue();
  await expect(panel).toContainText(key);
  await expect(connect).toContainText(`Bearer ${key}`);
  await panel.getByRole('button', { name: 'Revoke my editor' }).click();
  await app.page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(panel.getByText(/^revoked/).first()).toBeVisible();
  await expect(filledIn).toHaveValue('KEY');
});

test('the first page loads little script', async () => {
  // One that has nothing in its cache.
  await using context = await app.browser.newContext({ baseURL: app.hub.url });
  const page = await context.newPage();
  const scripts: Request[] = [];
  page.on('requestfinished', (request) => {
    if (/\.js$/.test(new URL(request.url()).pathname)) scripts.push(request);
  });
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const sizes = await Promise.all(scripts.map((request) => request.sizes()));
  const bytes = sizes.reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
  test.info().annotations.push({ type: 'compressed script', description: `${bytes} bytes` });
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(mostScriptBytes);
});
