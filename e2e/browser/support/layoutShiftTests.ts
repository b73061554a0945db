/** Nothing jumps while a page comes. */
import type { AppOnHub } from './appOnHub.ts';
import { wholePages } from './appPage.ts';
import { expect, test } from './fixtures.ts';

/** As web browsers tell of it; TypeScript does not know it. */
interface LayoutShift extends PerformanceEntry {
  value: number;
  sources: { node?: Node }[];
}

declare global {
  var shifts: { value: number; what: string[] }[];
}

/** "Good" by web.dev/articles/cls is 0.1; here everything has its place from the start. */
const mostLayoutShift = 0.02;

/** Defines the tests. @param app on a hub with `hubOfWholePages` */
export function testLayoutShift(app: AppOnHub): void {
  for (const [size, viewport] of Object.entries({
    desk: { width: 1280, height: 800 },
    phone: { width: 390, height: 844 },
  })) {
    test(`nothing jumps while a page comes (${size})`, async () => {
      await app.page.setViewportSize(viewport);
      await app.page.addInitScript(() => {
        globalThis.shifts = [];
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as LayoutShift[]) {
            const what = entry.sources.map(({ node }) => (node instanceof Element ? node.outerHTML : ''));
            globalThis.shifts.push({ value: entry.value, what: what.map((html) => html.slice(0, 80)) });
          }
        }).observe({ type: 'layout-shift', buffered: true });
      });
      const pages: typeof wholePages = {
        ...wholePages,
        '/requests': (page) => {
          const main = page.getByRole('main');
          return main.getByText('No requests yet.').or(main.getByRole('listitem')).first();
        },
      };
      for (const [path, whole] of Object.entries(pages)) {
        // Fonts come last: until then, words are as wide as the system's fonts make them.
        let letFontsCome = (): void => undefined;
        const called = new Promise<void>((resolve) => (letFontsCome = resolve));
        await app.page.unrouteAll();
        await app.page.route('**/*.woff2', async (route) => called.then(() => route.continue()));
        await app.page.goto(path, { waitUntil: 'commit' });
        await expect(whole(app.page)).toBeVisible();
        // Where the password is set, nobody is asked to set one.
        const firstStart = app.page.getByRole('complementary', { name: 'First start' });
        await expect(firstStart).toHaveCount(path === '/settings' ? 0 : 1);
        letFontsCome();
        const shifts = await app.page.evaluate(async () => {
          await document.fonts.ready;
          for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
          return globalThis.shifts;
        });
        const sum = shifts.reduce((total, { value }) => total + value, 0);
        expect(sum, `${path}: ${JSON.stringify(shifts)}`).toBeLessThan(mostLayoutShift);
      }
    });
  }
}
