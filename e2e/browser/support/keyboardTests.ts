/** The app by Tab, Enter and Escape alone. */
import type { AppOnHub } from './appOnHub.ts';
import { joinButton, keepShort, openedAbove, wholePages } from './appPage.ts';
import { expect, test, type Locator, type Page } from './fixtures.ts';
import { tabAround, tabThrough } from './keyboard.ts';

/** Moves the focus to something by Tab alone. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 200; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('Tab does not lead there');
}

interface Opening {
  what: string;
  opener: (page: Page) => Locator;
  isMenu?: boolean;
}

const button = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name });

/** What opens above a page, and what opens it. */
const openings: Record<string, Opening[]> = {
  '/': [
    { what: 'the settings of a chat', opener: button('Chat settings') },
    { what: 'the model picker', opener: button(/^Model:/), isMenu: true },
  ],
  '/models': [
    { what: 'the deploy dialog', opener: button('Change deployment') },
    { what: 'the dialog for models', opener: button('Add a model') },
    { what: 'the options of a model', opener: button('Options of minimind2-small') },
  ],
  '/nodes': [
    { what: 'the dialog for devices', opener: button('Add a device') },
    { what: 'the menu of a node', opener: button('Actions for local-1'), isMenu: true },
  ],
  '/settings': [{ what: 'the question before a token is replaced', opener: button('Replace …') }],
};

/** Enter opens it, Tab stays within, Escape closes it and gives the focus back. */
async function expectKeysWithin(page: Page, { opener, isMenu }: Opening): Promise<void> {
  await tabTo(page, opener(page));
  await page.keyboard.press('Enter');
  const opened = openedAbove(page);
  await expect(opened).toBeVisible();
  await expect.poll(() => opened.evaluate((element) => element.contains(document.activeElement))).toBe(true);
  if (!isMenu) await tabAround(page, opened);
  await page.keyboard.press('Escape');
  await expect(opened).toHaveCount(0);
  await expect(opener(page)).toBeFocused();
}

/** Defines the tests. @param app on a hub with `hubOfWholePages` */
export function testKeyboard(app: AppOnHub): void {
  for (const [path, whole] of Object.entries(wholePages)) {
    test(`Tab leads through ${path} in its order, the focus is seen, and keys stay in what opens above`, async () => {
      const { page } = app;
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.goto(path);
      await expect(whole(page)).toBeVisible();
      const stops = await tabThrough(page);
      expect(stops.length).toBeGreaterThan(5);
      expect(stops.filter(({ isMarked, isInSight, isLater }) => !isMarked || !isInSight || !isLater)).toEqual(
        [],
      );
      for (const opening of openings[path] ?? [])
        await test.step(opening.what, () => expectKeysWithin(page, opening));
    });
  }

  test('a suggestion is asked for and written anew, and the keyboard goes on where people write', async () => {
    const { page } = app;
    await page.goto('/');
    await keepShort(page, 4);
    await page.getByRole('button', { name: 'What is the capital of France?' }).press('Enter');
    const message = page.getByLabel('Your message');
    await expect(message).toBeFocused();
    await expect(page.getByText('tokens/s')).toBeVisible();
    const again = page.getByRole('button', { name: 'Regenerate' });
    await again.press('Enter');
    await expect(message).toBeFocused();
    await expect(page.getByLabel('Version 2 of 2')).toBeVisible();
  });

  test('the dialog that changes a deployment begins at the choice that is made', async () => {
    const { page } = app;
    await page.goto('/models');
    await page.getByRole('button', { name: 'Change deployment' }).press('Enter');
    await expect(page.getByRole('radio', { checked: true })).toBeFocused();
    await expect(page.getByLabel('Fewest devices')).not.toBeChecked();
  });

  test('a question is asked, and a tab joins and leaves, without a mouse', async () => {
    const { page } = app;
    await page.goto('/');
    await keepShort(page, 4);
    await page.reload();
    await tabTo(page, page.getByLabel('Your message'));
    await page.keyboard.type('What is bread?');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('article', { name: 'Answer' })).not.toBeEmpty();
    await page.keyboard.press('Escape');
    await page.goto('/join');
    await tabTo(page, page.getByLabel('Use the CPU only'));
    await page.keyboard.press('Space');
    await tabTo(page, joinButton(page));
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'This device is helping' })).toBeFocused();
    const leave = page.getByRole('button', { name: 'Leave', exact: true });
    await expect(leave).toBeVisible();
    await tabTo(page, leave);
    await page.keyboard.press('Enter');
    await expect(joinButton(page)).toBeVisible();
  });
}
