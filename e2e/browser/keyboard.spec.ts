/** The app by Tab, Enter and Escape alone. */
import { expect, test, type Locator, type Page } from './support/fixtures.ts';
import { appOnHub } from './support/appOnHub.ts';
import { joinButton, keepShort, wholePages } from './support/appPage.ts';
import { tabThrough } from './support/keyboard.ts';

const app = appOnHub({
  flags: ['--local-workers', '2', '--stages', '2'],
  viewport: { width: 1280, height: 900 },
});

/** Moves the focus to something by Tab alone. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 200; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('Tab does not lead there');
}

for (const [path, whole] of Object.entries(wholePages)) {
  test(`Tab leads through ${path} in its order, and the focus is seen`, async () => {
    const { page } = app;
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(path);
    await expect(whole(page)).toBeVisible();
    const stops = await tabThrough(page);
    expect(stops.length).toBeGreaterThan(5);
    expect(stops.filter(({ isMarked, isInSight, isLater }) => !isMarked || !isInSight || !isLater)).toEqual(
      [],
    );
  });
}

/** What opens above a page, and what opens it. */
const openings: { path: string; what: string; opener: (page: Page) => Locator; role?: 'menu' }[] = [
  {
    path: '/',
    what: 'the settings of a chat',
    opener: (page) => page.getByRole('button', { name: 'Chat settings' }),
  },
  {
    path: '/',
    what: 'the model picker',
    opener: (page) => page.getByRole('button', { name: /^Model:/ }),
    role: 'menu',
  },
  {
    path: '/models',
    what: 'the deploy dialog',
    opener: (page) => page.getByRole('button', { name: 'Change deployment' }),
  },
  {
    path: '/models',
    what: 'the dialog for models',
    opener: (page) => page.getByRole('button', { name: 'Add a model' }),
  },
  {
    path: '/models',
    what: 'the options of a model',
    opener: (page) => page.getByRole('button', { name: 'Options of minimind2-small' }),
  },
  {
    path: '/nodes',
    what: 'the dialog for devices',
    opener: (page) => page.getByRole('button', { name: 'Add a device' }),
  },
  {
    path: '/nodes',
    what: 'the menu of a node',
    opener: (page) => page.getByRole('button', { name: 'Actions for local-1' }),
    role: 'menu',
  },
  {
    path: '/settings',
    what: 'the question before a token is replaced',
    opener: (page) => page.getByRole('button', { name: 'Replace …' }),
  },
];

for (const { path, what, opener, role } of openings) {
  test(`${what}: Enter opens it, Tab stays within, Escape closes it and gives the focus back`, async () => {
    const { page } = app;
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(path);
    await tabTo(page, opener(page));
    await page.keyboard.press('Enter');
    const opened = role ? page.getByRole(role) : page.getByRole('dialog').or(page.getByRole('alertdialog'));
    await expect(opened).toBeVisible();
    const isWithin = (): Promise<boolean> =>
      opened.evaluate((element) => element.contains(document.activeElement));
    await expect.poll(isWithin).toBe(true);
    for (let presses = 0; presses < (role ? 0 : 40); presses += 1) {
      await page.keyboard.press('Tab');
      expect(await isWithin()).toBe(true);
    }
    await page.keyboard.press('Escape');
    await expect(opened).toHaveCount(0);
    await expect(opener(page)).toBeFocused();
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
