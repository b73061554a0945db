/** Axe finds nothing serious anywhere in the app. */
import { expect, test } from './fixtures.ts';
import { appOnHub } from './appOnHub.ts';
import { joinOnProcessor, seriousViolations, wholePages } from './appPage.ts';

export interface Look {
  /** Of the window, in CSS pixels. */
  width: 1280 | 390;
  colorScheme: 'light' | 'dark';
}

/** Defines the tests. @param looks of each page, dialog and menu */
export function testAccessibility(looks: {
  pages: readonly Look[];
  dialogs: readonly Look['colorScheme'][];
}): void {
  const app = appOnHub({
    flags: ['--local-workers', '2', '--stages', '2'],
    viewport: { width: 1280, height: 900 },
  });

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
    await app.page.getByRole('button', { name: /minimind2-small/ }).click();
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

  /** Ways to everything that opens above a page. */
  const openings: { path: string; what: string; open: () => Promise<void> }[] = [
    {
      path: '/',
      what: 'settings of a conversation',
      open: () => app.page.getByRole('button', { name: 'Chat settings' }).click(),
    },
    {
      path: '/',
      what: 'model picker',
      open: () => app.page.getByRole('button', { name: /^Model:/ }).click(),
    },
    {
      path: '/nodes',
      what: 'add a node',
      open: () => app.page.getByRole('button', { name: 'Add a device' }).click(),
    },
    {
      path: '/nodes',
      what: 'menu of a node',
      open: () => app.page.getByRole('button', { name: 'Actions for local-1' }).click(),
    },
    {
      path: '/models',
      what: 'add a model',
      open: () => app.page.getByRole('button', { name: 'Add a model' }).click(),
    },
    {
      path: '/models',
      what: 'deploy',
      open: async () => {
        await app.page.getByRole('button', { name: 'Change deployment' }).click();
        await app.page.getByLabel('Choose devices').check();
      },
    },
    {
      path: '/models',
      what: 'undeploy',
      open: () => app.page.getByRole('button', { name: 'Undeploy' }).click(),
    },
  ];

  for (const colorScheme of looks.dialogs) {
    test(`in dialogs and menus (${colorScheme})`, async () => {
      await app.page.emulateMedia({ colorScheme });
      for (const { path, what, open } of openings) {
        await app.page.goto(path);
        await open();
        await expect(
          app.page.getByRole('dialog').or(app.page.getByRole('menu')).or(app.page.getByRole('alertdialog')),
        ).toBeVisible();
        expect(await seriousViolations(app.page), what).toEqual([]);
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
