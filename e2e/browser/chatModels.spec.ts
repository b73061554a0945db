/** Models in the chat: favourites, other names, defaults, two side by side, how sure they are; and words that nobody keeps. */
import type { Settings } from '@potluck/api';
import { expect, test } from './support/fixtures.ts';
import { changeSettings } from '../support/changeSettings.ts';
import { appOnHub } from './support/appOnHub.ts';
import { askInChat, goTo, keepShort, say, seriousViolations } from './support/appPage.ts';

const app = appOnHub({ reusesPage: true });

/** Asks the management API as the page does. */
async function hubApi<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${app.hub.url}/api${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

test('a model has options, is opened in the chat, and is a favourite from then on', async () => {
  const { page } = app;
  await page.goto('/models');
  await expect(page.getByRole('region', { name: 'Try a bigger model' })).toContainText(
    /4-bit weights · .+ tokens of context · can call tools/,
  );
  const card = page.getByRole('region', { name: 'minimind2-small' });
  await card.getByRole('button', { name: 'Options of minimind2-small' }).click();
  const dialog = page.getByRole('dialog', { name: 'Options of minimind2-small' });
  await dialog.getByLabel('Other names').fill('gpt-4o');
  await dialog.getByLabel('System prompt').fill('You are a cook.');
  await dialog.getByLabel('Temperature').fill('0');
  expect(await seriousViolations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(card).toContainText('Also called gpt-4o.');

  await card.getByRole('button', { name: 'Open in chat' }).click();
  await expect(page.getByLabel('Your message')).toBeFocused();
  await page.getByRole('button', { name: 'Chat settings' }).click();
  await expect(page.getByLabel('System prompt')).toHaveAttribute('placeholder', 'You are a cook.');
  await expect(page.getByLabel('Temperature')).toHaveAttribute('placeholder', '0');
  await page.getByLabel('Maximum length').fill('4');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  const request = page.waitForRequest('**/v1/chat/completions');
  await say(page, 'What is soup?');
  expect((await request).postDataJSON()).toMatchObject({
    temperature: 0,
    max_tokens: 4,
    messages: [{ role: 'system', content: 'You are a cook.' }, {}],
  });

  const picker = page.getByRole('button', { name: 'Model: minimind2-small' });
  await picker.click();
  const entry = page.getByRole('menuitemradio', { name: /minimind2-small/ });
  await expect(entry).toContainText(/ready · \d+ MB · default · also gpt-4o/);
  await page.getByRole('menuitem', { name: 'Add to favourites' }).click();
  await page.reload();
  await picker.click();
  await expect(entry.getByLabel('favourite')).toBeVisible();
  expect(await seriousViolations(page)).toEqual([]);
});

test('a temporary chat leaves nothing behind, and says so', async () => {
  const { page } = app;
  await page.goto('/');
  await page.getByRole('button', { name: 'Temporary chat' }).click();
  await expect(page.getByText('the hub doesn’t save these messages')).toBeVisible();
  await askInChat(page, 'What is the password of the cellar?', 4);
  await say(page, 'And of the attic?');
  await expect(page.getByRole('button', { name: 'Continue from here in a copy' })).toHaveCount(0);
  await expect(page).toHaveURL(`${app.hub.url}/`);
  expect(await seriousViolations(page)).toEqual([]);
  await page.reload();
  await expect(page.getByRole('article')).toHaveCount(0);
  await expect(page.getByRole('navigation', { name: 'Conversations' })).not.toContainText('cellar');
  const { requests } = await hubApi<{ requests: { id: string }[] }>('GET', '/requests');
  for (const { id } of requests.slice(0, 2)) {
    expect(JSON.stringify(await hubApi('GET', `/requests/${id}`))).not.toContain('cellar');
  }
});

test('how sure the model was of each word is asked for and shown only where a person wants it', async () => {
  const { page } = app;
  await page.goto('/');
  await page.getByRole('button', { name: 'Chat settings' }).click();
  await page.getByLabel('Show how sure the model is').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  const request = page.waitForRequest('**/v1/chat/completions');
  await askInChat(page, 'What is the capital of France?', 6);
  expect((await request).postDataJSON()).toMatchObject({ logprobs: true });
  const answer = page.getByRole('article', { name: 'Answer' });
  await expect(answer.getByTitle(/^\d+(\.\d)?% sure\. Other choices: “/).first()).toBeVisible();
  await answer
    .getByTitle(/% sure/)
    .last()
    .click();
  await expect(answer.getByText(/^“.*”: \d+(\.\d)?% sure/)).toBeVisible();
  // The hub keeps it with the answer.
  const sure = answer.getByTitle(/% sure/);
  const titles = (): Promise<(string | null)[]> =>
    sure.evaluateAll((all) => all.map((one) => one.getAttribute('title')));
  const before = await titles();
  await page.reload();
  await expect(sure).toHaveCount(before.length);
  expect(await titles()).toEqual(before);
  expect(await seriousViolations(page)).toEqual([]);

  // It belongs to this conversation, and no other.
  await page.getByRole('button', { name: 'New', exact: true }).click();
  await expect(page.getByRole('article')).toHaveCount(0);
  await page.getByRole('button', { name: 'Chat settings' }).click();
  await expect(page.getByLabel('Show how sure the model is')).not.toBeChecked();
  await page.keyboard.press('Escape');
  await page.goBack();
  await expect(answer).toBeVisible();
  await page.getByRole('button', { name: 'Chat settings' }).click();
  await expect(page.getByLabel('Show how sure the model is')).toBeChecked();
  await page.getByLabel('Show how sure the model is').uncheck();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await expect(answer.getByTitle(/% sure/)).toHaveCount(0);
  const plain = page.waitForRequest('**/v1/chat/completions');
  await say(page, 'And of Italy?');
  expect((await plain).postDataJSON()).not.toHaveProperty('logprobs');
});

test('two models answer side by side, also on a phone', async ({ model }) => {
  const { page } = app;
  await hubApi('POST', '/imports', { kind: 'directory', path: model.path, deploy: true });
  await page.goto('/models');
  const card = page.getByRole('region', { name: 'small', exact: true });
  await expect(card.getByRole('button', { name: 'Open in chat' })).toBeVisible();
  await goTo(page, 'Chat');
  await page.getByRole('button', { name: /^Model:/ }).click();
  await page.getByRole('menuitem', { name: 'Compare two models' }).click();
  await expect(page.getByRole('heading', { name: 'Compare models' })).toBeVisible();
  await expect(page.getByLabel('Your message')).toBeFocused();
  const [first, second] = ['First model', 'Second model'].map((name) => page.getByRole('region', { name }));
  await expect(first!.getByRole('combobox')).toHaveValue('minimind2-small');
  await expect(second!.getByRole('combobox')).toHaveValue('small');
  await changeSettings(app.hub, {
    modelDefaults: {
      'minimind2-small': { systemPrompt: '', sampling: { max_tokens: 4 } },
      small: { systemPrompt: '', sampling: { max_tokens: 4 } },
    },
  });
  const asked: unknown[] = [];
  page.on('request', (request) => {
    if (!request.url().endsWith('/v1/chat/completions')) return;
    asked.push((request.postDataJSON() as { model: unknown }).model);
  });
  await page.getByLabel('Your message').fill('Hello');
  await page.keyboard.press('Enter');
  for (const side of [first!, second!]) {
    await expect(side.getByRole('article', { name: 'Answer' }).getByText('tokens/s')).toBeVisible();
  }
  expect(asked.toSorted()).toEqual(['minimind2-small', 'small']);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await seriousViolations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
});

test('a model that nobody deployed is loaded by the first message', async ({ model }) => {
  const { page } = app;
  await page.goto('/models');
  const panel = page.getByRole('region', { name: 'Loading and defaults' });
  await panel.getByLabel('Load on demand').check();
  await panel.getByLabel('Unload after').fill('30');
  // What somebody else changed meanwhile is shown before anything is saved over it.
  await changeSettings(app.hub, { defaultsForPrograms: true });
  await panel.getByRole('button', { name: 'Save' }).click();
  await expect(panel.getByLabel('Defaults for programs')).toBeChecked();
  await expect(panel.getByLabel('Unload after')).toHaveValue('30');
  await panel.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  expect(await hubApi<Settings>('GET', '/settings')).toMatchObject({
    loadOnDemand: true,
    unloadAfterMinutes: 30,
    defaultsForPrograms: true,
  });
  await expect.poll(() => model.path).not.toBe('');
  await hubApi('DELETE', '/deployments?model=small');
  const card = page.getByRole('region', { name: 'small', exact: true });
  await expect(card).toContainText('not deployed');
  await card.getByRole('button', { name: 'Open in chat' }).click();
  await page.getByRole('button', { name: 'Model: small' }).click();
  await expect(page.getByRole('menuitemradio', { name: /^small/ })).toContainText('loads when you ask');
  await page.keyboard.press('Escape');
  await askInChat(page, 'Hello', 2);
});

test('bad input is harmless, and said so: markup in names, commands in formulas, a paste without end', async () => {
  const { page } = app;
  await page.goto('/');
  await keepShort(page, 2);
  const attack =
    'Is <b>bread</b> <img src=x onerror="window.attacked = 1"><script>window.attacked = 1</script> good?';
  await say(page, attack);
  await expect(page.getByRole('article', { name: 'Prompt' })).toContainText(attack);
  const title = 'Is <b>bread</b> <img src=x';
  await expect(
    page.getByRole('navigation', { name: 'Conversations' }).getByText(title).first(),
  ).toBeVisible();
  await expect(page.locator('main img')).toHaveCount(0);
  expect(await page.evaluate(() => 'attacked' in window)).toBe(false);

  const words = [
    'See $\\href{javascript:window.attacked=2}{here}$ and $\\htmlData{x=y}{z}$ and $\\url{javascript:alert(1)}$.',
    'A note[^1].',
    '[^1]: Of **rye**, [said](javascript:window.attacked=3).',
  ].join('\n\n');
  const id = await page.evaluate(async (content) => {
    const post = async (path: string, body: object): Promise<string> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
      return ((await response.json()) as { id: string }).id;
    };
    const conversation = await post('/api/conversations', { title: 'Formulas' });
    const path = `/api/conversations/${conversation}/messages`;
    const parentId = await post(path, { role: 'user', content: 'Show me.' });
    await post(path, { role: 'assistant', content, parentId });
    return conversation;
  }, words);
  await page.goto(`/?c=${id}`);
  const answer = page.getByRole('article', { name: 'Answer' });
  await expect(answer.locator('.katex').first()).toBeVisible();
  await expect(answer.locator('.footnote')).toContainText('1 Of rye');
  await expect(answer.locator('.footnote-reference')).toHaveText('1');
  await expect(answer.locator('a[href^="javascript"]')).toHaveCount(0);

  await page.getByLabel('Your message').fill('a'.repeat(10_000_000));
  await page.keyboard.press('Enter');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Your message is too long');
  await expect(page.getByRole('article', { name: 'Prompt' })).toHaveCount(1);
});

test('words about what was done never lie on Send', async () => {
  const { page } = app;
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/');
  await askInChat(page, 'What is bread?', 2);
  await page.getByRole('button', { name: 'Continue from here in a copy' }).click();
  const notice = page.getByText('You are in a copy');
  await expect(notice).toBeVisible();
  const [said, send] = await Promise.all([
    notice.boundingBox(),
    page.getByRole('button', { name: 'Send' }).boundingBox(),
  ]);
  expect((said?.y ?? 0) + (said?.height ?? 0)).toBeLessThanOrEqual(send?.y ?? 0);
});

test('a refusal comes into view, and Retry is offered only where it can help', async () => {
  const { page } = app;
  await page.setViewportSize({ width: 900, height: 420 });
  await page.goto('/');
  await keepShort(page, 2);
  await say(page, `What is in this soup?${'\nAnd what else?'.repeat(30)}`);
  let [status, code] = [400, 'invalid_value'];
  await page.route('**/v1/chat/completions', (route) =>
    route.fulfill({ status, json: { error: { message: `No soup today: ${code}.`, code } } }),
  );
  const ask = async (): Promise<void> => {
    await page.getByLabel('Your message').fill('And today?');
    await page.keyboard.press('Enter');
  };
  await ask();
  const alert = page.getByRole('alert').filter({ hasText: 'No soup today' });
  await expect(alert).toBeInViewport();
  await expect(alert.getByRole('button', { name: 'Retry' })).toHaveCount(0);
  [status, code] = [503, 'no_capacity'];
  await ask();
  await expect(alert).toContainText('no_capacity');
  await expect(alert.getByRole('button', { name: 'Retry' })).toBeInViewport();
  await page.unroute('**/v1/chat/completions');
  await alert.getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByRole('article', { name: 'Answer' }).last().getByText('tokens/s')).toBeVisible();
});

test('a page from before an update offers to reload', async () => {
  const { page } = app;
  await page.goto('/');
  await expect(page.getByLabel('Your message')).toBeVisible();
  await page.route('**/_app/version.json', (route) => route.fulfill({ json: { version: 'next' } }));
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  const banner = page.getByText('Potluck was updated');
  await expect(banner).toBeVisible();
  await page.unroute('**/_app/version.json');
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(banner).toHaveCount(0);
  await expect(page.getByLabel('Your message')).toBeVisible();
});
