/** A device that knows the hub by a name of the network: what it may do over plain HTTP, and by the hub's own certificate. */
import { expect, test, type Page } from './support/fixtures.ts';
import { startHub, startWorker } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { ask } from './support/ask.ts';
import { writeSmallModel } from './support/smallModel.ts';
import { joinButton } from './support/appPage.ts';

/** Of the Node worker: room for one stage, so that the hub waits for the tab. */
const memoryBytes = 80e6;

const look = (page: Page): Promise<unknown> =>
  page.evaluate(async () => {
    const { gpu } = navigator as { gpu?: GPU };
    const adapter = await gpu?.requestAdapter();
    return { isSecureContext, crossOriginIsolated, adapter: adapter?.info.architecture };
  });

test('plain HTTP leads to HTTPS, where a tab serves on its GPU behind the hub’s own certificate', async ({
  browser,
}) => {
  test.slow();
  await using model = await writeSmallModel({ accuracyLevel: 1 });
  await using hub = await startHub({
    flags: [
      ...['--model', model.path, '--local-workers', '0', '--stages', '2'],
      ...['--https-port', '0', '--addresses', 'hub.test'],
    ],
  });
  const { port } = new URL(hub.url);
  const { httpsPort, fingerprint } = (await (await fetch(`${hub.url}/api/hub`)).json()) as {
    httpsPort: number;
    fingerprint: string;
  };

  // Who did not click through the warning gets no further.
  const wary = await browser.newPage();
  await expect(wary.goto(`https://hub.test:${httpsPort}/join`)).rejects.toThrow(/ERR_CERT_AUTHORITY_INVALID/);

  await using context = await browser.newContext({ ignoreHTTPSErrors: true });
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

  await using _worker = await startWorker({ ...hub, url: `https://localhost:${httpsPort}` }, 'node', [
    ...['--memory', String(memoryBytes), '--fingerprint', fingerprint],
  ]);
  await expect.poll(() => nodesOf(hub)).toHaveLength(1);
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.getByLabel('Device name').fill('tab');
  await joinButton(page).click();
  const stage = page.getByRole('region', { name: /^Layers \d to \d of small$/ });
  await expect(stage.locator('header')).toContainText('running', { timeout: 200_000 });
  await expect
    .poll(async () => (await nodesOf(hub)).find(({ name }) => name === 'tab'))
    .toMatchObject({ device: { kind: 'webgpu' }, peers: [{ state: 'direct' }] });
  // The agent's and signalling's.
  for (const path of ['api/workers/socket', 'peerjs/'])
    expect(sockets).toContainEqual(expect.stringContaining(`wss://hub.test:${httpsPort}/${path}`));
  const { tokens, route } = await ask(hub, 'The river rose.', 4);
  expect(route).toMatch(/^(tab\[0-\d\],node|node\[0-\d\],tab)\[\d-3\]$/);
  expect(tokens).toHaveLength(4);
});
