/** `npm run screenshots`: the pictures of the README, into static/screenshots. */
import { mkdir, writeFile } from 'node:fs/promises';
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
const shots = [
  { name: 'chat', size: 'desk', colorScheme: 'light' },
  { name: 'nodes', size: 'desk', colorScheme: 'dark' },
  { name: 'models', size: 'desk', colorScheme: 'light' },
  { name: 'requests', size: 'desk', colorScheme: 'light' },
  { name: 'settings', size: 'desk', colorScheme: 'light' },
  { name: 'chat', size: 'phone', colorScheme: 'dark' },
  { name: 'join', size: 'phone', colorScheme: 'light' },
] as const;

await using hub = await startHub({ flags: ['--local-workers', '3', '--stages', '3'] });
// Models look the same without the internet.
const remote = await startRemoteHub({});
await changeSettings(hub, { hubEndpoint: remote.endpoint });
/** Where the page is not at its name. */
const addresses: Record<string, string> = { chat: '/', join: `/join#token=${hub.joinToken}` };
/** What comes last on a page. */
const last: Record<string, string> = {
  nodes: '.course.direct, .course.relayed',
  models: 'main [role=img]',
  settings: '#turn-urls',
};
const browser = await launchChromium();
await mkdir(directory, { recursive: true });
for (const { name, size, colorScheme } of shots) {
  await using context = await browser.newContext({ baseURL: hub.url, viewport: sizes[size], colorScheme });
  await context.addInitScript(() => localStorage.setItem('potluck:password-later', 'yes'));
  const page = await context.newPage();
  await page.goto(addresses[name] ?? `/${name}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  if (last[name] !== undefined) await page.locator(last[name]).first().waitFor({ state: 'attached' });
  if (name === 'chat') await ask(page);
  if (name === 'join') await page.getByRole('slider').first().waitFor();
  if (name === 'requests') await page.getByRole('button', { expanded: false }).first().click();
  await page.evaluate(() => document.fonts.ready);
  await writeFile(`${directory}${name}-${size}-${colorScheme}.webp`, await takePicture(page));
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

/** As WebP, which the browser itself makes: a third of what a PNG takes. */
async function takePicture(page: Page): Promise<Buffer> {
  const png = (await page.screenshot()).toString('base64');
  const webp = await page.evaluate(async (data) => {
    const read = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([read], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext('2d')?.drawImage(picture, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.85 });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  }, png);
  return Buffer.from(webp, 'base64');
}
