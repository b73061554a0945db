/** Axe finds nothing serious anywhere in the app. */
import { expect, test } from './fixtures.ts';
import type { AppOnHub } from './appOnHub.ts';
import { closeAbove, joinOnProcessor, openedAbove, seriousViolations, wholePages } from './appPage.ts';

export interface Look {
  /** Of the window, in CSS pixels. */
  width: 1280 | 390;
  colorScheme: 'light' | 'dark';
}

/** Defines the tests. @param app on a hub with `hubOfWholePages` @param looks of each page, dialog and menu */
export function testAccessibility(
  app: AppOnHub,
  looks: { pages: readonly Look[]; dialogs: readonly Look['colorScheme'][] },
): void {
  test('on any page', async () => {
    await app.hub.client.chat.completions.create({
      model: 'minimind2-small',
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 2,
    });
    for (const [path, whole] of Object.entries(wholePages)) {
      await app.page.goto(path);
      await expect(whole(app.page)).toBeVisible();
      await expectNothingSerious(path);
    }
    await app.page.goto('/requests');
    await app.page
      .getByRole('button', { name: /minimind2-small/ })
      .first()
      .click();
    await expect(app.page.getByText('computing').first()).toBeVisible();
    await expectNothingSerious('/requests, with one open');
  });

  test('the theme changes at once for who wants less motion', async () => {
    await app.page.emulateMedia({ reducedMotion: 'reduce' });
    await app.page.goto('/');
    await expect(app.page.getByLabel('Your message')).toBeVisible();
    const moving = await app.page.evaluate(() => {
      document.documentElement.dataset.theme = 'dark';
      return document.getAnimations().length;
    });
    expect(moving).toBe(0);
  });

  test('where who comes from another device must sign in', async () => {
    await app.page.context().setExtraHTTPHeaders({ 'x-forwarded-for': '10.0.0.1' });
    await app.page.goto('/settings');
    await expect(app.page.getByRole('dialog', { name: 'Sign in' })).toBeVisible();
    await expectNothingSerious('sign in');
  });

  test('about a tab at work', async ({ tabHub: other }) => {
    await app.page.goto(`${other.url}/join#token=${other.joinToken}`);
    await joinOnProcessor(app.page);
    await expect(app.page.getByRole('region', { name: /^Layers/ }).locator('header')).toContainText(
      'running',
    );
    await app.page.getByText('Log', { exact: true }).click();
    await expectNothingSerious('/join, at work');
    await app.page.close();
  });

  const button = (name: string | RegExp) => (): Promise<void> =>
    app.page.getByRole('button', { name }).click();
  /** Ways to everything that opens above a page, by the page and by what it is. */
  const openings: Record<string, Record<string, () => Promise<void>>> = {
    '/': { 'settings of a conversation': button('Chat settings'), 'model picker': button(/^Model:/) },
    '/nodes': { 'add a node': button('Add a device'), 'menu of a node': button('Actions for local-1') },
    '/models': {
      'add a model': button('Add a model'),
      deploy: async () => {
        await button('Change deployment')();
        await app.page.getByLabel('Choose devices').check();
      },
      undeploy: button('Undeploy'),
    },
  };

  for (const colorScheme of looks.dialogs) {
    test(`in dialogs and menus (${colorScheme})`, async () => {
      await app.page.emulateMedia({ colorScheme });
      for (const [path, ones] of Object.entries(openings)) {
        await app.page.goto(path);
        for (const [what, open] of Object.entries(ones)) {
          await open();
          await expect(openedAbove(app.page)).toBeVisible();
          expect(await seriousViolations(app.page), what).toEqual([]);
          await closeAbove(app.page);
        }
      }
    });
  }

  /** The page as it is now, in each of the looks. */
  async function expectNothingSerious(what: string): Promise<void> {
    for (const { width, colorScheme } of looks.pages) {
      await app.page.setViewportSize({ width, height: 900 });
      // Without transitions: amid one, colours are of neither theme.
      await app.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await seriousViolations(app.page), `${what}, ${width} px, ${colorScheme}`).toEqual([]);
    }
    await app.page.setViewportSize({ width: 1280, height: 900 });
  }
}
