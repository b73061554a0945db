/** The join page as people open it by a link, up to an answer of the built-in model. In parts, the default tests prove the same. */
import { joinLink } from '@potluck/protocol';
import { askForCapital } from '../support/answers.ts';
import { startHub } from '../support/hubProcess.ts';
import { expect, test } from './support/fixtures.ts';

test('the app’s join page, opened by its link, serves a model that the chat route answers with', async ({
  browser,
}) => {
  await using hub = await startHub({ flags: ['--local-workers', '0'] });
  await using context = await browser.newContext();
  const page = await context.newPage();
  const link = { hubUrl: hub.url, token: hub.joinToken, name: 'laptop', memoryBytes: 500e6 };
  // The processor: SwiftShader takes seconds a token of this model.
  await page.addInitScript(() => localStorage.setItem('potluck.tab', JSON.stringify({ device: 'wasm' })));
  await page.goto(joinLink({ ...link, auto: true }));
  await expect(page.locator('html')).toHaveAttribute('data-worker-state', 'contributing');
  const stage = page.getByRole('region', { name: 'Layers 0 to 7 of minimind2-small' });
  await expect(stage.locator('header')).toContainText('running');
  const { text, route } = await askForCapital(hub);
  expect(text).toContain('Paris');
  expect(route).toBe('laptop[0-7]');
});
