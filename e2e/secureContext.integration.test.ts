/** What a browser on another device sees of the hub over plain HTTP, and over HTTPS with the hub's own certificate. */
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { startHub } from './support/hubProcess.ts';
import { launchTestBrowser } from './support/testBrowser.ts';

/** As a device that knows the hub by a name of the network. */
const elsewhere = '--host-resolver-rules=MAP hub.test 127.0.0.1';

interface Seen {
  isSecureContext: boolean;
  crossOriginIsolated: boolean;
  adapter: string | undefined;
}

const look = (page: Page): Promise<Seen> =>
  page.evaluate(async () => {
    const { gpu } = navigator as {
      gpu?: { requestAdapter(): Promise<{ info: { architecture: string } } | null> };
    };
    const adapter = await gpu?.requestAdapter();
    return { isSecureContext, crossOriginIsolated, adapter: adapter?.info.architecture };
  });

test('plain HTTP has no GPU and leads to HTTPS, where it is there', async () => {
  await using hub = await startHub({
    flags: ['--https-port', '0', '--local-workers', '0', '--addresses', 'hub.test'],
  });
  await using browser = await launchTestBrowser([elsewhere]);
  const { port } = new URL(hub.url);
  const { httpsPort } = (await (await fetch(`${hub.url}/api/hub`)).json()) as { httpsPort: number };

  // Who did not click through the warning gets no further.
  const wary = await browser.newPage();
  await expect(wary.goto(`https://hub.test:${httpsPort}/join`)).rejects.toThrow(/ERR_CERT_AUTHORITY_INVALID/);

  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`http://hub.test:${port}/join#token=${hub.joinToken}`);
  expect(await look(page)).toEqual({
    isSecureContext: false,
    crossOriginIsolated: false,
    adapter: undefined,
  });
  await page.getByRole('link', { name: 'Go to the HTTPS page' }).click();
  await page.waitForURL(`https://hub.test:${httpsPort}/join**`);
  expect(await look(page)).toEqual({
    isSecureContext: true,
    crossOriginIsolated: true,
    adapter: 'swiftshader',
  });
  const socket = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = new WebSocket(`wss://${location.host}/api/workers/socket`);
        opening.onopen = () => resolve('open');
        opening.onerror = () => resolve('failed');
      }),
  );
  expect(socket).toBe('open');
});
