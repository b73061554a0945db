/** What surrounds a conversation: thoughts, copies, files, keys, and the request as code. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from './fixtures.ts';
import type { AppOnHub } from './appOnHub.ts';
import { askForStory, askInChat, goTo, keepShort, pretendAnswer, say, seriousViolations } from './appPage.ts';

declare global {
  /** What screen readers were given to say about answers. */
  var said: string[];
}

const run = promisify(execFile);

/** Defines the tests. */
export function testChatTools(app: AppOnHub): void {
  test('thoughts are folded and have a time', async () => {
    const { page } = app;
    await page.goto('/');
    // The built-in model does not think.
    await pretendAnswer(page, [{ reasoning_content: 'France, so **Paris**.' }, { content: 'It is Paris.' }]);
    await page.getByLabel('Your message').fill('What is the capital of France?');
    await page.keyboard.press('Enter');
    const answer = page.getByRole('article', { name: 'Answer' });
    await expect(answer).toContainText('It is Paris.');
    await expect(answer.getByText('France, so')).toBeHidden();
    await answer.getByText(/^Thought/).click();
    await expect(answer.getByText('France, so Paris.')).toBeVisible();
  });

  test('a conversation is copied, exported, deleted with all others, and imported; a file that is none is refused', async () => {
    const { page } = app;
    await page.goto('/');
    await askInChat(page, 'What is bread made of?', 8);
    const answer = page.getByRole('article', { name: 'Answer' });
    const said = await answer.locator('.markdown').textContent();
    const former = page.url();
    await answer.getByRole('button', { name: 'Continue from here in a copy' }).click();
    await expect(page.getByText('You are in a copy')).toBeVisible();
    await expect(page).not.toHaveURL(former);
    await expect(answer.locator('.markdown')).toHaveText(said ?? '');
    // Who wrote the answer, and how fast, goes along.
    await expect(answer.getByText('tokens/s')).toBeVisible();
    await expect(answer.getByRole('button', { name: /^on / })).toBeVisible();
    const list = page.getByRole('navigation', { name: 'Conversations' });
    const entries = list.getByRole('button', { name: /^(Copy of )?What is bread made of\?$/ });
    await expect(entries).toHaveCount(2);
    await expect(list.getByText('Today')).toBeVisible();

    const more = page.getByRole('button', { name: 'More for all conversations' });
    await more.click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Export all' }).click();
    const file = await readFile(await (await download).path());

    // A list of several pages ends where it ends, and is as long after a change as it was before.
    await page.evaluate(() =>
      Promise.all(
        Array.from({ length: 51 }, (_, index) =>
          fetch('/api/conversations', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ title: `Empty ${index}` }),
          }),
        ),
      ),
    );
    await page.reload();
    const menus = list.getByRole('button', { name: /^More for / });
    const showMore = list.getByRole('button', { name: 'Show more' });
    await expect(menus).toHaveCount(50);
    await showMore.click();
    await expect(menus).toHaveCount(53);
    await expect(showMore).toHaveCount(0);
    await list.getByRole('button', { name: 'More for What is bread made of?' }).click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByLabel('New name').fill('What is bread?');
    await page.keyboard.press('Enter');
    const renamed = list.getByRole('button', { name: 'What is bread?', exact: true });
    await expect(renamed).toBeFocused();
    // A name changes nothing of what was said: it is the first one still, and the last in the list.
    await expect(menus).toHaveCount(53);
    await expect(menus.last()).toHaveAccessibleName('More for What is bread?');

    await more.click();
    await page.getByRole('menuitem', { name: 'Delete all' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete all' }).click();
    await expect(page.getByText('No conversations yet.')).toBeVisible();
    await expect(showMore).toHaveCount(0);

    const input = page.getByLabel('Conversations to import');
    await input.setInputFiles({
      name: 'cat.json',
      mimeType: 'application/json',
      buffer: Buffer.from('meow'),
    });
    await expect(page.getByText('This file has no conversations.')).toBeVisible();
    const all = { name: 'all.json', mimeType: 'application/json', buffer: file };
    await input.setInputFiles(all);
    await expect(page.getByText('2 conversations imported.')).toBeVisible();
    await expect(entries).toHaveCount(2);
    // The same file once more brings no doubles.
    await input.setInputFiles(all);
    await expect(
      page.getByText('2 conversations were here already, and were not imported again.'),
    ).toBeVisible();
    await expect(entries).toHaveCount(2);
    await entries.first().click();
    await expect(answer.locator('.markdown')).toHaveText(said ?? '');

    // A person sees how far a large one is, also after a look at another page, and can stop it: what is here stays.
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    await page.route('**/api/conversations', async (route) => held.then(() => route.continue()));
    const first = page.waitForRequest('**/api/conversations');
    const conversations = Array.from({ length: 40 }, (_, index) => ({
      title: `Number ${index}`,
      messages: [],
    }));
    const many = JSON.stringify({ format: 'potluck-conversations', version: 1, conversations });
    await input.setInputFiles({ ...all, buffer: Buffer.from(many) });
    await first;
    await expect(page.getByText('Importing: 0 of 40')).toBeVisible();
    await goTo(page, 'Nodes');
    await expect(page.getByText('Importing: 0 of 40')).toHaveCount(0);
    await goTo(page, 'Chat');
    await page.getByRole('button', { name: 'Stop import' }).click();
    goOn();
    await expect(
      page.getByText('1 conversation imported. 39 conversations were not imported.'),
    ).toBeVisible();
    await expect(list.getByRole('button', { name: 'Number 39', exact: true })).toBeVisible();
  });

  test('the keyboard finds conversations and shows its keys; a request is shown as code', async () => {
    const { page } = app;
    await page.goto('/');
    await askInChat(page, 'What is soup?', 4);
    const soup = page.url();
    const search = page.getByLabel('Search conversations');
    const message = page.getByLabel('Your message');
    await search.fill('salad');
    await page.keyboard.press('Control+k');
    await expect(search).toBeFocused();
    // The next key replaces what stands there.
    await page.keyboard.type('soup');
    await expect(search).toHaveValue('soup');
    await page.keyboard.press('Control+/');
    const shortcuts = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await expect(shortcuts).toBeVisible();
    expect(await seriousViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await expect(shortcuts).toHaveCount(0);
    await page.getByRole('button', { name: 'More for all conversations' }).click();
    await page.getByRole('menuitem', { name: 'Keyboard shortcuts' }).click();
    await expect(shortcuts).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(shortcuts).toHaveCount(0);
    // The code is what was sent, whatever is set afterwards.
    await keepShort(page, 5);
    await page.getByRole('button', { name: 'View as code' }).click();
    const dialog = page.getByRole('dialog', { name: 'View as code' });
    await expect(dialog).toContainText('What is soup?');
    await expect(dialog).toContainText('"max_tokens": 4');
    await dialog.getByRole('tab', { name: 'Python' }).click();
    await expect(dialog).toContainText('from openai import OpenAI');
    expect(await seriousViolations(page)).toEqual([]);
    await dialog.getByRole('tab', { name: 'JavaScript' }).click();
    const program = (await dialog.getByRole('code').textContent()) ?? '';
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: import.meta.dirname,
    });
    expect(stdout.trim()).toBe(
      (await page.getByRole('article', { name: 'Answer' }).locator('.markdown').textContent())?.trim(),
    );
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);

    // What is begun to be written waits in its conversation, also while another page is looked at, and over a reload.
    await page.getByRole('button', { name: 'New', exact: true }).click();
    await expect(page.getByRole('article')).toHaveCount(0);
    await message.fill('What is in a sal');
    const elsewhere = page.getByRole('heading', { name: 'Requests', exact: true });
    await goTo(page, 'Requests');
    await expect(elsewhere).toBeVisible();
    await page.keyboard.press('Control+k');
    await expect(page).toHaveURL('/');
    await expect(search).toBeFocused();
    await expect(message).toHaveValue('What is in a sal');
    await page.keyboard.type('soup');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(soup);
    await expect(message).toHaveValue('');
    await message.fill('And w');
    await goTo(page, 'Requests');
    await expect(elsewhere).toBeVisible();
    await goTo(page, 'Chat');
    await expect(page).toHaveURL(soup);
    await expect(message).toHaveValue('And w');
    await page.reload();
    await expect(message).toHaveValue('And w');
    await message.fill('');
    await page.getByRole('button', { name: 'New', exact: true }).click();
    await expect(message).toHaveValue('What is in a sal');
    await message.fill('');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('soup');
    await page.keyboard.press('ArrowDown');
    await expect(
      page
        .getByRole('navigation', { name: 'Conversations' })
        .getByRole('button', { name: /^What is soup\?/ })
        .first(),
    ).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(soup);
  });

  test('a screen reader hears an answer once, when it is whole', async () => {
    const { page } = app;
    await page.goto('/');
    await keepShort(page, 20);
    await page.evaluate(() => {
      globalThis.said = [];
      const listen = (): void => {
        for (const { textContent } of document.querySelectorAll('[role=log] [role=status]')) {
          const words = textContent.trim();
          if (words !== '' && words !== globalThis.said.at(-1)) globalThis.said.push(words);
        }
      };
      const all = { subtree: true, childList: true, characterData: true };
      new MutationObserver(listen).observe(document.body, all);
    });
    await say(page, 'What is the capital of France?');
    await expect(page.getByRole('log', { name: 'Messages' })).toHaveAttribute('aria-live', 'off');
    const whole = (
      await page.getByRole('article', { name: 'Answer' }).locator('.markdown').textContent()
    )?.trim();
    await expect.poll(() => page.evaluate(() => globalThis.said.at(-1))).toBe(whole);
    const said = await page.evaluate(() => globalThis.said);
    expect(said.filter((words) => whole?.startsWith(words))).toEqual([whole]);
  });

  test('an export while an answer is written says that the file has only its beginning', async () => {
    const { page } = app;
    await page.goto('/');
    await askForStory(page);
    const answer = page.getByRole('article', { name: 'Answer' });
    await expect(answer.locator('.markdown')).not.toBeEmpty();
    await page.getByRole('button', { name: 'More for all conversations' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Export all' }).click();
    const file = await readFile(await (await download).path(), 'utf8');
    await expect(
      page.getByText('1 answer was still being written: the file has only its beginning.'),
    ).toBeVisible();
    expect(file.match(/"isUnfinished": true/g)).toHaveLength(1);
    // The list says that it goes on, where another conversation is open.
    await page.getByRole('button', { name: 'New', exact: true }).click();
    const list = page.getByRole('navigation', { name: 'Conversations' });
    const goesOn = list.getByRole('img', { name: 'Being answered' });
    await expect(goesOn).toBeVisible();
    await list.getByRole('button', { name: 'Tell me a story that does not end.', exact: true }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect(answer).toContainText('Stopped');
    await expect(goesOn).toHaveCount(0);
  });
}
