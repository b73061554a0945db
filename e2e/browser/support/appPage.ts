/** What tests of the app do on its pages, as a person would. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Locator, type Page } from '@playwright/test';

/** Flags of a hub with two workers of its own. */
export const hubOfWholePages = ['--local-workers', '2', '--stages', '2'];

/** Pages of the app, with what is there when all has come, on such a hub. */
export const wholePages: Record<string, (page: Page) => Locator> = {
  '/': (page) => page.getByText('runs on 2 devices'),
  '/nodes': (page) => page.getByRole('row', { name: /^local-2/ }).first(),
  '/join': joinButton,
  '/models': (page) => page.getByRole('region', { name: 'minimind2-small' }).getByRole('listitem').first(),
  '/settings': (page) => page.getByRole('region', { name: 'Address and certificate' }),
};

/** Opens a page of the app by its link, which needs no reload. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
}

/** Types words into a field and leaves it, faster than any pause between two keys. */
export async function typeAndLeave(field: Locator, words: string): Promise<void> {
  await field.evaluate((element: HTMLInputElement, typed) => {
    element.value = typed;
    for (const type of ['input', 'change']) element.dispatchEvent(new Event(type, { bubbles: true }));
  }, words);
}

/** Sets where models are fetched by name. */
export async function useMirror(page: Page, endpoint: string): Promise<void> {
  await goTo(page, 'Settings');
  const panel = page.getByRole('region', { name: 'The hub' });
  await panel.getByLabel('Download models from').fill(endpoint);
  // Not its words on the page: those of the time before may still be there.
  const saved = page.waitForResponse(
    (response) => response.url().endsWith('/api/settings') && response.request().method() === 'PATCH',
  );
  await panel.getByRole('button', { name: 'Save' }).click();
  expect((await saved).ok()).toBe(true);
}

/** The dialogs and menus above a page. */
export function openedAbove(page: Page): Locator {
  return page.locator('[role=dialog], [role=alertdialog], [role=menu]');
}

/** Closes them by Escape. */
export async function closeAbove(page: Page): Promise<void> {
  while ((await openedAbove(page).count()) > 0) {
    await page.keyboard.press('Escape');
    await expect(openedAbove(page)).toHaveCount(0);
  }
}

/** The button by which a tab joins. */
export function joinButton(page: Page): Locator {
  return page.getByRole('button', { name: 'Join this hub' });
}

/** Lends the processor of this tab, on its page for joining. */
export async function joinOnProcessor(page: Page): Promise<void> {
  await page.getByLabel('Use the CPU only').check();
  await joinButton(page).click();
}

/** Waits until a model runs: its card says so at the top. The devices below say the same of their parts. */
export async function expectRunning(card: Locator): Promise<void> {
  await expect(card.locator('header').getByText('running', { exact: true })).toBeVisible();
}

/** Sets the conversation so that its answers are short, and the same each time. */
export async function keepShort(page: Page, longestAnswer = 40): Promise<void> {
  await page.getByRole('button', { name: 'Chat settings' }).click();
  await page.getByLabel('Temperature').fill('0');
  await page.getByLabel('Maximum length').fill(String(longestAnswer));
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
}

/** Asks in the chat so that the answer is short, and the same each time; waits for its end. */
export async function askInChat(page: Page, text: string, longestAnswer?: number): Promise<void> {
  await keepShort(page, longestAnswer);
  await say(page, text);
}

/** Says something in the chat, and waits for the end of the answer. */
export async function say(page: Page, text: string): Promise<void> {
  const answers = page.getByRole('article', { name: 'Answer' });
  const before = await answers.count();
  await page.getByLabel('Your message').fill(text);
  await page.keyboard.press('Enter');
  await expect(answers).toHaveCount(before + 1);
  await expect(answers.last().getByText('tokens/s')).toBeVisible();
}

/** From now on, answers in this page end only at their longest: the token that ends the built-in model's answers does not come. */
export async function neverEnd(page: Page): Promise<void> {
  await page.route('**/v1/chat/completions', (route) => {
    const body = route.request().postDataJSON() as object;
    return route.continue({ postData: JSON.stringify({ ...body, logit_bias: { 2: -100 } }) });
  });
}

/** From now on, each answer in this page is made of these pieces, whatever is asked; they come all at once. */
export async function pretendAnswer(page: Page, deltas: readonly object[]): Promise<void> {
  const events = deltas.map((delta) => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`);
  await page.route('**/v1/chat/completions', (route) =>
    route.fulfill({
      headers: { 'content-type': 'text/event-stream', 'x-request-id': 'none' },
      body: `${events.join('')}data: [DONE]\n\n`,
    }),
  );
}

/** Asks in the chat for an answer that ends only at its longest. */
export async function askForStory(page: Page): Promise<void> {
  await neverEnd(page);
  await page.getByLabel('Your message').fill('Tell me a story that does not end.');
  await page.keyboard.press('Enter');
}

/**
 * Resolves as soon as an answer has words. They are looked for in every frame: what is to happen before the answer ends has little
 * time.
 * @param index of the answer on the page, from 0
 */
export async function seeBeginning(page: Page, index: number): Promise<void> {
  await page.evaluate(
    (at) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (document.querySelectorAll('article .markdown')[at]?.textContent) resolve();
          else requestAnimationFrame(look);
        };
        look();
      }),
    index,
  );
}

/** What axe finds on the page, once what moves there by itself has come to its place: amid a transition, colours are of neither end. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(async () => {
    const ending = document
      .getAnimations()
      .filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime));
    await Promise.allSettled(ending.map(({ finished }) => finished));
  });
  // Half a megabyte of script: read once by a page that is looked at again.
  const isThere = await page.evaluate(() => 'axe' in globalThis);
  // The other mode is for frames of other origins, and opens a page of its own each time.
  const axe = new AxeBuilder({ page, ...(isThere && { axeSource: 'undefined' }) }).setLegacyMode(true);
  // What passes is counted, not described.
  const { violations } = await axe.options({ resultTypes: ['violations'] }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
}
