/** `npm run screenshots`: every page, in both themes, on a desk and on a phone, into static/screenshots. */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { startRemoteHub } from '../../hub/testing/remoteHubServer.ts';
import { changeSettings } from '../support/changeSettings.ts';
import { startHub } from '../support/hubProcess.ts';
import { launchChromium } from './support/chromium.ts';

const directory = fileURLToPath(new URL('../../static/screenshots/', import.meta.url));
const sizes = {
  desk: { width: 1280, height: 860 },
  phone: { width: 390, height: 844 },
};
const pages = ['chat', 'nodes', 'join', 'models', 'requests', 'settings'];

await using hub = await startHub({ flags: ['--local-workers', '3', '--stages', '3'] });
// Models look the same without the internet.
const remote = await startRemoteHub({});
await changeSettings(hub, { hubEndpoint: remote.endpoint });
/** Where the page is not at its name. */
const addresses: Record<string, string> = { chat: '/', join: `/join#token=${hub.joinToken}` };
const browser = await launchChromium();
await mkdir(directory, { recursive: true });
for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await using context = await browser.newContext({ baseURL: hub.url, viewport, colorScheme });
    await context.addInitScript(() => localStorage.setItem('potluck:password-later', 'yes'));
    const page = await context.newPage();
    for (const name of pages) {
      await page.goto(addresses[name] ?? `/${name}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      if (name === 'chat') await ask(page);
      if (name === 'join') await page.getByRole('slider').first().waitFor();
      if (name === 'requests') await page.getByRole('button', { expanded: false }).first().click();
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: `${directory}${name}-${size}-${colorScheme}.png` });
    }
  }
}
await browser.close();
await remote.close();

async function ask(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Chat settings' }).click();
  await page.getByLabel('Temperature').fill('0');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByLabel('Your message').fill('What is the capital of France?');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'on 3 devices' }).click();
  await page.getByText('computing').first().waitFor();
}
