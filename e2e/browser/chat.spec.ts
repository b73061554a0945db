/** The chat: what can be done with a conversation, and what its words may not do. */
import { expect, test } from './support/fixtures.ts';
import { freePort, startHub, stop } from '../support/hubProcess.ts';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { appOnHub } from './support/appOnHub.ts';
import {
  askForStory,
  askInChat,
  goTo,
  keepShort,
  pretendAnswer,
  say,
  seeBeginning,
} from './support/appPage.ts';
import { testChatTools } from './support/chatToolsTests.ts';

declare global {
  /** Runs what waits for the page to be idle. */
  var beIdle: () => void;
  /** HTML that was rendered from Markdown. */
  var rendered: string[];
}

const app = appOnHub({ reusesPage: true });
testChatTools(app);
test.beforeEach(() => app.page.context().grantPermissions(['clipboard-read', 'clipboard-write']));

const clipboard = (): Promise<string> => app.page.evaluate(() => navigator.clipboard.readText());

/** From the next page on, notes each HTML that is made of Markdown. */
async function noteRendered(): Promise<void> {
  await app.page.addInitScript(() => {
    globalThis.rendered = [];
    globalThis.DOMParser = class extends DOMParser {
      override parseFromString(text: string, type: DOMParserSupportedType): Document {
        globalThis.rendered.push(String(text));
        return super.parseFromString(text, type);
      }
    };
  });
}

/** How often something with these words was made of Markdown. */
const timesRendered = (words: string): Promise<number> =>
  app.page.evaluate((part) => globalThis.rendered.filter((html) => html.includes(part)).length, words);

/** Makes a conversation of prompts and answers in turn, as a program could, for this page's identity. @returns its id */
async function makeConversation(title: string, said: string[], model: string | null = null): Promise<string> {
  const { request } = app.page;
  // The hub gives the page its identity.
  expect((await request.get('/api/session')).ok()).toBe(true);
  const post = async (path: string, data: object): Promise<string> => {
    const response = await request.post(path, { data });
    expect(response.ok(), path).toBe(true);
    return ((await response.json()) as { id: string }).id;
  };
  const sampling = { temperature: 0, max_tokens: 4 };
  const conversation = await post('/api/conversations', { title, sampling, model });
  let parentId: string | null = null;
  for (const [index, content] of said.entries()) {
    const role = index % 2 === 0 ? 'user' : 'assistant';
    parentId = await post(`/api/conversations/${conversation}/messages`, { role, content, parentId });
  }
  return conversation;
}

test('a prompt is changed and asked again, an answer is copied, written anew and stopped', async () => {
  await app.page.goto('/');
  await askInChat(app.page, 'What is the capital of France?');
  const answer = app.page.getByRole('article', { name: 'Answer' });
  await answer.getByRole('button', { name: 'Copy answer' }).click();
  await expect.poll(clipboard).toContain('Paris');

  const prompt = app.page.getByRole('article', { name: 'Prompt' });
  const edit = prompt.getByRole('button', { name: 'Edit message' });
  await edit.click();
  await app.page.keyboard.press('Escape');
  await expect(edit).toBeFocused();
  await edit.click();
  await app.page.getByLabel('Edited message').fill('What is the capital of Italy?');
  await app.page.keyboard.press('Enter');
  await expect(prompt.getByLabel('Version 2 of 2')).toBeVisible();
  await expect(app.page.getByLabel('Your message')).toBeFocused();
  await expect(answer).toHaveCount(1);
  await expect(answer.getByText('tokens/s')).toBeVisible();
  await prompt.getByRole('button', { name: 'Previous version' }).click();
  await expect(answer).toContainText('Paris');
  // There is none before it.
  await expect(prompt.getByRole('button', { name: 'Next version' })).toBeFocused();
  await prompt.getByRole('button', { name: 'Next version' }).click();
  await expect(prompt).toContainText('Italy');
  // What is searched for is shown, in whichever version it stands.
  await prompt.getByRole('button', { name: 'Previous version' }).click();
  await expect(prompt).toContainText('France');
  const search = app.page.getByLabel('Search conversations');
  await search.fill('capital of Italy');
  await app.page
    .getByRole('navigation', { name: 'Conversations' })
    .getByRole('button', { name: /^What is the capital of France\?.*Italy/ })
    .click();
  await expect(prompt).toContainText('Italy');
  await search.fill('');

  await app.page.getByRole('button', { name: 'Chat settings' }).click();
  await app.page.getByLabel('Maximum length').fill('20000');
  await app.page.getByLabel('Temperature').fill('1.5');
  await app.page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await askForStory(app.page);
  // Before it comes, the last one is the one before.
  await expect(answer).toHaveCount(2);
  await expect(answer.last().locator('.markdown')).not.toBeEmpty();
  // One answer at a time.
  const another = [
    app.page.getByRole('button', { name: 'Edit message' }).last(),
    app.page.getByRole('button', { name: 'Regenerate' }).first(),
  ];
  for (const button of another) await expect(button).toBeDisabled();
  // Also where another version is shown; and Escape in a field of its own is not for the answer.
  await prompt.first().getByRole('button', { name: 'Previous version' }).click();
  await expect(answer).toContainText('Paris');
  for (const button of another) await expect(button).toBeDisabled();
  await app.page.getByLabel('Search conversations').press('Escape');
  await prompt.first().getByRole('button', { name: 'Next version' }).click();
  await expect(answer.last()).toHaveAttribute('aria-busy', 'true');
  await app.page.getByRole('button', { name: 'Stop' }).press('Enter');
  await expect(answer.last()).toContainText('Stopped.');
  await expect(app.page.getByLabel('Your message')).toBeFocused();
  await answer.last().getByRole('button', { name: /^on / }).click();
  await expect(answer.last().getByText('computing')).toBeVisible();
  for (const button of another) await expect(button).toBeEnabled();
  await expect(app.page.getByRole('button', { name: 'Send' })).toBeVisible();

  // People type on while the address changes.
  const focused = await app.page
    .getByRole('button', { name: 'New', exact: true })
    .evaluate((button: HTMLElement) => {
      button.click();
      return document.activeElement?.id;
    });
  expect(focused).toBe('prompt');
  await expect(app.page).toHaveURL('/');
  await expect(app.page.getByLabel('Your message')).toBeFocused();
});

test('what the model is told first and how it chooses belong to the conversation', async () => {
  await app.page.goto('/');
  const settings = app.page.getByRole('button', { name: 'Chat settings' });
  await settings.click();
  await app.page.getByLabel('System prompt').fill('You are a cook.');
  await app.page.getByLabel('Top-k').fill('5');
  await app.page.getByLabel('Min-p').pressSequentially('0.02');
  await app.page.getByLabel('Seed').fill('1.5');
  await expect(app.page.getByLabel('Seed')).toHaveAccessibleDescription(/^Not used: enter a whole number/);
  await app.page.keyboard.press('Escape');
  await askInChat(app.page, 'What is bread made of?');
  await app.page.reload();
  await expect(app.page.getByRole('article', { name: 'Answer' })).toBeVisible();
  await settings.click();
  await expect(app.page.getByLabel('System prompt')).toHaveValue('You are a cook.');
  await expect(app.page.getByLabel('Top-k')).toHaveValue('5');
  await expect(app.page.getByLabel('Min-p')).toHaveValue('0.02');
  await expect(app.page.getByLabel('Seed')).toHaveValue('');
  await expect(app.page.getByLabel('Temperature')).toHaveValue('0');
  await app.page.keyboard.press('Escape');
  const request = app.page.waitForRequest('**/v1/chat/completions');
  await say(app.page, 'And soup?');
  expect((await request).postDataJSON()).toMatchObject({
    temperature: 0,
    top_k: 5,
    min_p: 0.02,
    messages: [{ role: 'system', content: 'You are a cook.' }, {}, {}, {}],
  });
});

test('Markdown, formulas and code of an answer are shown, and nothing in it is run', async () => {
  const words = [
    'A **bold** word, and $e^{i\\pi} = -1$:',
    '$$\\sum_{n=1}^\\infty \\frac{1}{n^2}$$',
    '```js\nconst answer = 6 * 7;\n```',
    '<img src=x onerror="window.attacked = 1"><script>window.attacked = 2</script>',
    '[a link](javascript:window.attacked=3) ![a picture](https://pictures.example/x.png)',
    '<style>body { display: none }</style><iframe src="/settings"></iframe>',
    '| dish | bowls |\n| - | - |\n| soup | 3 |',
  ].join('\n\n');
  // The built-in model writes no such things: they are put where its answers are kept.
  const requested: string[] = [];
  app.page.on('request', (request) => requested.push(request.url()));
  const id = await makeConversation('Rendered', ['Show me.', words]);
  await app.page.goto(`/?c=${id}`);
  const answer = app.page.getByRole('article', { name: 'Answer' });
  await expect(answer.getByText('bold')).toHaveCSS('font-weight', '700');
  await expect(answer.locator('.katex-display')).toBeVisible();
  await expect(answer.locator('.katex')).toHaveCount(2);
  await expect(answer.locator('.hljs-keyword')).toHaveText('const');
  await answer.getByRole('button', { name: 'Copy', exact: true }).click();
  await expect.poll(clipboard).toBe('const answer = 6 * 7;');
  const inLine = 'e^{i\\pi} = -1';
  const display = '\\sum_{n=1}^\\infty \\frac{1}{n^2}';
  for (const [index, latex] of [inLine, display].entries()) {
    await answer.getByTitle('Copy LaTeX').nth(index).click();
    await expect.poll(clipboard).toBe(latex);
  }
  // And without a mouse.
  await answer.getByRole('button', { name: 'Copy LaTeX' }).first().press('Enter');
  await expect.poll(clipboard).toBe(inLine);
  await expect(answer.getByRole('cell', { name: 'soup' })).toBeVisible();
  await expect(answer).toContainText('<script>window.attacked = 2</script>');
  await expect(answer.locator('img, script, style, iframe')).toHaveCount(0);
  await expect(answer.getByRole('link', { name: 'a link' })).toHaveCount(0);
  await expect(answer.getByText('a link')).toHaveCSS('text-decoration-line', 'none');
  expect(await app.page.evaluate(() => 'attacked' in window)).toBe(false);
  expect(requested.filter((url) => new URL(url).origin !== app.hub.url)).toEqual([]);
});

test('tables are aligned as they say, and their words are not broken on a phone', async () => {
  const { page } = app;
  await page.setViewportSize({ width: 390, height: 844 });
  const heads = ['Temperature', 'Consequences', 'Recommendation', 'Responsibility'];
  const table = `| ${heads.join(' | ')} |\n| :-- | :-: | --: | - |\n| warm | none | wait for it | nobody |`;
  await page.goto(`/?c=${await makeConversation('A table', ['Show me a table.', table])}`);
  const cells = page.getByRole('cell');
  await expect(cells).toHaveCount(4);
  for (const [index, align] of ['left', 'center', 'right', 'start'].entries()) {
    await expect(cells.nth(index)).toHaveCSS('text-align', new RegExp(`${align}$`));
  }
  const lines = await page
    .getByRole('columnheader')
    .evaluateAll((all) =>
      all.map((head) => head.clientHeight / parseFloat(getComputedStyle(head).lineHeight)),
    );
  for (const count of lines) expect(count).toBeLessThan(2);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
});

test('an answer that no browser can render is shown as text, and the conversation goes on', async () => {
  const { page } = app;
  const id = await makeConversation('Quotes', ['Quote me.', `${'> '.repeat(2500)}deep words`]);
  await page.goto(`/?c=${id}`);
  const answer = page.getByRole('article', { name: 'Answer' });
  await expect(answer.first()).toContainText('deep words');
  await expect(answer.locator('blockquote')).toHaveCount(0);
  await page.getByRole('article', { name: 'Prompt' }).hover();
  await page.getByRole('button', { name: 'Regenerate' }).click();
  await expect(answer.getByLabel('Version 2 of 2')).toBeVisible();
  await expect(answer.getByText('tokens/s')).toBeVisible();
  await expect(answer.getByText('minimind2-small')).toHaveCount(0);

  // Another model is chosen that is not here: what would ask it waits, and the answer names who wrote it.
  await page.evaluate(async (path) => {
    const headers = { 'content-type': 'application/json' };
    await fetch(path, { method: 'PATCH', headers, body: JSON.stringify({ model: 'gone' }) });
  }, `/api/conversations/${id}`);
  await page.reload();
  await expect(page.getByText('This hub has no model gone.')).toBeVisible();
  await expect(answer.getByText('minimind2-small')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Regenerate' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Edit message' })).toBeDisabled();
});

test('a screen reader hears which conversation was opened', async () => {
  const { page } = app;
  for (const title of ['About bread', 'About soup']) await makeConversation(title, ['Well?', `${title}.`]);
  await page.goto('/');
  const list = page.getByRole('navigation', { name: 'Conversations' });
  for (const title of ['About bread', 'About soup', 'About bread']) {
    await list.getByRole('button', { name: title, exact: true }).click();
    await expect(page.locator('#svelte-announcer')).toContainText(title);
    await expect(page.getByRole('article', { name: 'Answer' })).toContainText(title);
    await expect(page).toHaveTitle(new RegExp(`^${title}`));
  }
});

test('a long conversation is shown from its end, and what is shown is not rendered again', async () => {
  const { page } = app;
  const said = Array.from({ length: 120 }, (_, index) =>
    index % 2 === 0 ? `${index}?` : `Yes, **${index}**.`,
  );
  const id = await makeConversation('A long one', said);
  await page.addInitScript(() => {
    // What waits for the page to be idle waits here until the test lets it go on.
    const waiting = new Map<number, IdleRequestCallback>();
    let handles = 0;
    globalThis.requestIdleCallback = (call) => (waiting.set((handles += 1), call), handles);
    globalThis.cancelIdleCallback = (handle) => void waiting.delete(handle);
    globalThis.beIdle = () => {
      const calls = [...waiting.values()];
      waiting.clear();
      for (const call of calls) call({ didTimeout: false, timeRemaining: () => 0 });
    };
  });
  await noteRendered();
  const answersRendered = (): Promise<number> => timesRendered('Yes, <strong>');
  await page.goto(`/?c=${id}`);
  const articles = page.getByRole('article');
  await expect(articles.last()).toHaveText(/Yes, 119\./);
  expect(await articles.count()).toBe(30);
  expect(await answersRendered()).toBe(15);

  // However busy the page is, each such moment shows one more.
  await page.evaluate(async () => {
    while (document.querySelectorAll('article').length < 60) {
      globalThis.beIdle();
      await new Promise(requestAnimationFrame);
    }
  });
  expect(await articles.count()).toBe(60);
  // The browser is going to search for words: it finds those of all messages.
  await page.keyboard.press('Control+f');
  expect(await articles.count()).toBe(120);
  await expect(articles.last()).toBeInViewport();
  expect(await answersRendered()).toBe(60);

  // What is far from what is seen is not laid out until somebody goes there, as with the Tab key.
  const isLaidOut = (): Promise<boolean> =>
    articles.first().evaluate((one) => one.checkVisibility({ contentVisibilityAuto: true }));
  expect(await isLaidOut()).toBe(false);
  await page.getByRole('button', { name: 'Copy answer' }).first().focus();
  await expect(articles.nth(1)).toBeInViewport();
  await expect.poll(isLaidOut).toBe(true);
  await page.getByRole('button', { name: 'Go to the newest message' }).click();
  await expect(articles.last()).toBeInViewport();

  // The keyboard turns pages after a click into the messages, and where people write as long as nothing stands there.
  const newest = page.getByRole('button', { name: 'Go to the newest message' });
  await articles.last().locator('strong').click();
  await page.keyboard.press('Home');
  await expect(articles.first()).toBeInViewport();
  await page.keyboard.press('End');
  await expect(newest).toHaveCount(0);
  await page.getByLabel('Your message').press('PageUp');
  await expect(newest).toBeVisible();
  await page.keyboard.press('PageDown');
  await expect(newest).toHaveCount(0);

  // Nothing is lost where more is pasted than a message holds.
  await page.getByLabel('Your message').fill('My words');
  await page.getByLabel('Your message').evaluate((field) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', 'a'.repeat(1_000_001));
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  });
  await expect(page.getByText(/The text that you pasted has 1,000,001 characters/)).toBeVisible();
  await expect(page.getByLabel('Your message')).toHaveValue('My words');

  await say(page, 'And one more?');
  await expect(articles).toHaveCount(122);
  await expect(articles.last()).toBeInViewport();
  expect(await answersRendered()).toBe(60);
});

test('while an answer grows, only its last block is rendered again', async () => {
  const { page } = app;
  await noteRendered();
  await page.goto('/');
  const words = ['First block.', '\n\n', ...Array.from({ length: 40 }, (_, index) => `last${index} `)];
  await pretendAnswer(
    page,
    words.map((content) => ({ content })),
  );
  await page.getByLabel('Your message').fill('Well?');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('article', { name: 'Answer' })).toContainText('last39');
  expect(await timesRendered('last0')).toBeGreaterThan(1);
  expect(await timesRendered('First block.')).toBe(1);
});

test('what is written from the right begins at the right, and code at the left', async () => {
  const { page } = app;
  const words = 'مرحبا بالعالم, `hello`.\n\n- خبز\n- حساء\n\n```js\nconst a = 1;\n```\n\nEnglish, too.';
  await page.goto(`/?c=${await makeConversation('לחם', ['מה זה לחם?', words])}`);
  const prompt = page.getByRole('article', { name: 'Prompt' });
  const answer = page.getByRole('article', { name: 'Answer' });
  const message = page.getByLabel('Your message');
  await expect(answer.locator('p').first()).toHaveCSS('direction', 'rtl');
  await expect(answer.getByRole('list')).toHaveCSS('direction', 'rtl');
  await expect(answer.locator('code').first()).toHaveCSS('direction', 'ltr');
  await expect(answer.locator('pre')).toHaveCSS('direction', 'ltr');
  await expect(answer.locator('p').last()).toHaveCSS('direction', 'ltr');
  await expect(prompt.locator('p')).toHaveCSS('direction', 'rtl');
  await message.fill('ומה זה מרק?');
  await expect(message).toHaveCSS('direction', 'rtl');
});

test('where nothing is ready, the chat says what is missing and what to do', async () => {
  await using empty = await startHub({ waitUntilReady: false, flags: ['--local-workers', '0'] });
  await app.page.goto(empty.url);
  await expect(app.page.getByRole('heading', { name: 'Nothing is running yet' })).toBeVisible();
  await expect(app.page.getByText(/minimind2-small isn’t running yet: .*(device|node)/)).toBeVisible();
  await expect(app.page.getByLabel('Your message')).toHaveAttribute('placeholder', /No model is running/);
  await app.page.getByRole('link', { name: 'Add a device' }).click();
  await expect(app.page.getByText(/^No device is connected\./)).toBeVisible();
});

test('what is said before the page knows who answers is sent when it does', async () => {
  let tell = (): void => undefined;
  const told = new Promise<void>((resolve) => (tell = resolve));
  // The page's own event stream can be held back, that of a shared worker can't.
  await app.page.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'SharedWorker');
  });
  await app.page.route('**/api/events', async (route) => told.then(() => route.continue()));
  await app.page.goto('/');
  await keepShort(app.page);
  const words = 'Say hello, and nothing else, to all who sit at this long, long table.';
  await app.page.getByLabel('Your message').fill(words);
  await app.page.keyboard.press('Enter');
  await expect(app.page.getByText('Your message will be sent as soon as the hub is ready.')).toBeVisible();
  await expect(app.page.getByRole('button', { name: 'Send' })).toBeDisabled();
  tell();
  await expect(app.page.getByRole('article', { name: 'Prompt' })).toContainText('Say hello');
  await expect(app.page.getByLabel('Your message')).toHaveValue('');
  await expect(app.page.getByRole('article', { name: 'Answer' }).getByText('tokens/s')).toBeVisible();
  await expect(app.page.getByRole('alert')).toHaveCount(0);

  // However long its name is, what can be done with a conversation is within reach.
  const list = app.page.getByRole('navigation', { name: 'Conversations' });
  await expect(list.getByRole('button', { name: /^Say hello/ })).toBeVisible();
  expect(await list.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);

  // A page that does not know its hub's models yet leaves the choice to the hub.
  await app.page.unroute('**/api/events');
  await app.page.route('**/api/events', () => undefined);
  await app.page.reload();
  await app.page.getByRole('article', { name: 'Answer' }).getByRole('button', { name: 'Regenerate' }).click();
  await expect(app.page.getByLabel('Version 2 of 2')).toBeVisible();
});

test('who did not log in hears that a message is not sent, and still has it', async () => {
  await app.page.context().setExtraHTTPHeaders({ 'x-forwarded-for': '10.0.0.1' });
  await app.page.goto('/');
  const dialog = app.page.getByRole('dialog', { name: 'Sign in' });
  await dialog.getByRole('button', { name: 'Close' }).click();
  await app.page.getByLabel('Your message').fill('Is anybody there?');
  await app.page.keyboard.press('Enter');
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(app.page.getByText(/^Your message was not sent\. /)).toBeVisible();
  await expect(app.page.getByLabel('Your message')).toHaveValue('Is anybody there?');
  await expect(app.page.getByRole('article')).toHaveCount(0);
});

test('a new conversation knows nothing of the one before, whichever way it is begun', async () => {
  const { page } = app;
  const ways = {
    New: () => page.getByRole('button', { name: 'New', exact: true }).click(),
    'the Chat link': () => goTo(page, 'Chat'),
    'the pen on a phone': async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.getByRole('button', { name: 'New conversation' }).click();
    },
  };
  await page.goto('/');
  // A model that does not run would answer nothing.
  const gone = await makeConversation('Of yore', ['Well?', 'Yes.'], 'gone');
  await page.goto(`/?c=${gone}`);
  await expect(page.getByRole('button', { name: 'Model: gone' })).toBeVisible();
  await ways.New();
  await expect(page.getByRole('button', { name: 'Model: minimind2-small' })).toBeVisible();

  for (const [way, begin] of Object.entries(ways)) {
    await page.goto('/');
    await askInChat(page, 'What is the capital of France?', 4);
    const first = page.url();
    await begin();
    await expect(page, way).toHaveURL('/');
    await expect(page.getByRole('article'), way).toHaveCount(0);
    await expect(page).toHaveTitle(/^New conversation/);
    // Settings belong to one conversation, too.
    await page.getByRole('button', { name: 'Chat settings' }).click();
    await expect(page.getByLabel('Maximum length'), way).toHaveValue('');
    await page.getByLabel('Maximum length').fill('4');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    const request = page.waitForRequest('**/v1/chat/completions');
    await say(page, 'What is bread made of?');
    const sent = await request;
    expect(sent.postDataJSON(), way).toMatchObject({ messages: [{ content: 'What is bread made of?' }] });
    expect(first, way).not.toContain(sent.headers()['x-potluck-conversation'] ?? 'none');
    await page.goBack();
    await page.goBack();
    await expect(page, way).toHaveURL(first);
    await expect(page.getByRole('article', { name: 'Prompt' }), way).toContainText('France');
  }
});

test('a message that is not answered is followed by the next one, and both are kept', async () => {
  const { page } = app;
  await page.goto('/');
  await askInChat(page, 'What is the capital of France?', 4);
  const prompts = page.getByRole('article', { name: 'Prompt' });
  const answers = page.getByRole('article', { name: 'Answer' });
  const unanswered = page.getByRole('log').getByRole('alert');
  const unsent = page.getByText(/^Your message was not sent\. /);

  // The hub answers with an error, then not at all.
  const completions = '**/v1/chat/completions';
  await page.route(completions, (route) =>
    route.fulfill({ status: 503, json: { error: { message: 'All are busy.' } } }),
  );
  await page.getByLabel('Your message').fill('And of Italy?');
  await page.keyboard.press('Enter');
  await expect(unanswered).toContainText('All are busy.');
  await page.unroute(completions);
  await page.route(completions, (route) => route.abort());
  await answers.first().getByRole('button', { name: 'Regenerate' }).click();
  await expect(unanswered).toContainText('The hub isn’t answering');
  await expect(prompts).toHaveCount(2);
  await page.unroute(completions);

  // A message that the hub did not keep stays where it was written.
  const messages = '**/api/conversations/*/messages';
  await page.route(messages, (route) => route.abort());
  await page.getByLabel('Your message').fill('And of Spain?');
  await page.keyboard.press('Enter');
  await expect(unsent).toBeVisible();
  await expect(page.getByLabel('Your message')).toHaveValue('And of Spain?');
  await prompts.first().getByRole('button', { name: 'Edit message' }).click();
  await page.getByLabel('Edited message').fill('What is the capital of Malta?');
  await page.keyboard.press('Enter');
  await expect(unsent).toBeVisible();
  await expect(page.getByLabel('Edited message')).toHaveValue('What is the capital of Malta?');
  await page.keyboard.press('Escape');
  await page.unroute(messages);

  const request = page.waitForRequest(completions);
  await page.getByLabel('Your message').press('Enter');
  expect((await request).postDataJSON()).toMatchObject({
    messages: [{ role: 'user' }, { role: 'assistant' }, { content: 'And of Italy?\n\nAnd of Spain?' }],
  });
  await expect(answers.last().getByText('tokens/s')).toBeVisible();
  await expect(page.getByLabel('Your message')).toHaveValue('');
  const shown = await prompts.allTextContents();
  await page.reload();
  await expect(prompts).toHaveText(shown.map((text) => text.trim()));
  expect(shown).toHaveLength(3);

  // What was asked, and not begun when the page was loaded anew, is asked again.
  await page.route(completions, () => undefined);
  const waiting = page.waitForRequest(completions);
  await page.getByLabel('Your message').fill('And of Malta?');
  await page.keyboard.press('Enter');
  await waiting;
  await page.unroute(completions);
  await page.reload();
  await expect(prompts).toHaveCount(4);
  await expect(answers.last().getByText('tokens/s')).toBeVisible();
  await expect(page.getByText('This message has no answer yet.')).toHaveCount(0);
});

test('a conversation that is too long goes on in a new one', async () => {
  const { page } = app;
  await using small = await startHub({ flags: ['--context-length', '128'] });
  await page.goto(small.url);
  await askInChat(page, 'What is the capital of France?', 40);
  const last = 'Which river flows through it? '.repeat(11).trim();
  await page.getByLabel('Your message').fill(last);
  await page.keyboard.press('Enter');
  const error = page.getByRole('alert');
  await expect(error).toContainText('This conversation is longer than the model can read.');
  await expect(error).toBeInViewport();
  const former = page.url();
  await error.getByRole('button', { name: 'Continue in a new conversation' }).click();
  await expect(page.getByRole('article', { name: 'Answer' }).getByText('tokens/s')).toBeVisible();
  await expect(page.getByRole('article', { name: 'Prompt' })).toHaveText(last);
  expect(page.url()).not.toBe(former);

  // A message that alone is too long is replaced by the next one.
  await page.getByRole('button', { name: 'New', exact: true }).click();
  await page.getByLabel('Your message').fill(last.repeat(8));
  await page.keyboard.press('Enter');
  await expect(error).toContainText('This message is longer than the model can read.');
  await say(page, 'What is the capital of France?');
  await expect(page.getByRole('article', { name: 'Prompt' }).getByLabel('Version 2 of 2')).toBeVisible();
});

test('a hub that dies while it answers goes on when it is back, without anybody asking', async () => {
  const { page } = app;
  await using directory = await temporaryDirectory('potluck-chat-');
  const port = await freePort();
  const options = { port, dataDirectory: directory.path };
  const answer = page.getByRole('article', { name: 'Answer' });
  let read = '';
  {
    await using hub = await startHub(options);
    await page.goto(hub.url);
    await keepShort(page, 150);
    await askForStory(page);
    await seeBeginning(page, 0);
    await stop(hub.child, 'SIGKILL');
    read = (await answer.locator('.markdown').textContent()) ?? '';
  }
  await expect(page.getByLabel('Your message')).toHaveAttribute('placeholder', 'The hub isn’t answering');
  await expect(page.getByText(/joined/)).toHaveCount(0);
  await using _again = await startHub(options);
  await expect(answer.getByText(/survived the loss of the hub/)).toBeVisible();
  await expect(answer.getByRole('alert')).toHaveCount(0);
  const whole = (await answer.locator('.markdown').textContent()) ?? '';
  expect(whole.startsWith(read.trimEnd().slice(0, 40))).toBe(true);
  expect(whole.length).toBeGreaterThan(read.length);
});
