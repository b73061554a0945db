import { expect, test } from './support/fixtures.ts';
import { startHub, startWorker } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { startTurnServer } from '../support/turnServer.ts';
import { ask } from './support/ask.ts';
import { writeSmallModel } from './support/smallModel.ts';
import { openTab, serves } from './support/tab.ts';
import { serveTestPage } from './support/testPage.ts';

const memoryBytes = 80e6;

test('a tab that no peer can reach directly is reached through the TURN server that the hub names', async ({
  browser,
}) => {
  await using turn = await startTurnServer();
  await using page = await serveTestPage();
  await using model = await writeSmallModel();
  await using hub = await startHub({
    flags: [
      ...['--model', model.path, '--local-workers', '0', '--stages', '2'],
      ...['--turn', turn.url, '--turn-username', turn.username, '--turn-credential', turn.credential],
    ],
  });
  await using _worker = await startWorker(hub, 'node', ['--memory', String(memoryBytes)]);
  await using context = await browser.newContext();
  // As behind a firewall that lets nothing through but what goes to the TURN server.
  await context.addInitScript(() => {
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: 'relay' });
      }
    };
  });
  const tab = await openTab(context, { pageUrl: page.url, hub, name: 'tab', device: 'wasm', memoryBytes });
  await tab.command('start');
  await tab.until(serves);
  const { peers } = await tab.until(({ peers }) =>
    peers.some(({ candidatePair }) => candidatePair?.local.type === 'relay'),
  );
  expect(peers).toMatchObject([{ state: 'direct' }]);
  await expect
    .poll(async () => (await nodesOf(hub)).find(({ name }) => name === 'tab')?.peers)
    .toMatchObject([{ state: 'direct', candidates: { local: 'relay' } }]);
  const { tokens, route } = await ask(hub, 'The river rose.');
  expect(tokens).toHaveLength(24);
  expect(route).toMatch(/^(tab|node)\[0-\d\],(tab|node)\[\d-3\]$/);
});
