/** `potluck browsers` on the real hub and its join page: over HTTPS, by the certificate that the hub made itself. */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { startHub, stop } from './support/hubProcess.ts';
import { temporaryDirectory } from '../testing/temporaryDirectory.ts';
import { processTree, shownOf } from './support/processes.ts';
import { program } from '../testing/program.ts';
import { testBrowser } from './support/testBrowser.ts';

interface Nodes {
  nodes: { name: string; kind: string; device: { kind: string }; peers: { state: string }[] }[];
}

test('two browsers join by the link, share the layers, and answer', async () => {
  const browser = await testBrowser();
  await using data = await temporaryDirectory('potluck-browsers-');
  await using hub = await startHub({
    flags: ['--https-port', '0', '--local-workers', '0', '--context-length', '256'],
  });
  const { httpsPort, fingerprint } = (await (await fetch(`${hub.url}/api/hub`)).json()) as {
    httpsPort: number;
    fingerprint: string;
  };
  const link = `https://127.0.0.1:${httpsPort}/join#token=${hub.joinToken}&fingerprint=${fingerprint}`;
  const browsers = spawn(
    process.execPath,
    [
      ...[program, 'browsers', '--hub', link, '--count', '2', '--gpu', 'none', '--name', 'attic'],
      // Neither has room for the whole model.
      ...['--memory', '100MB', '--data', data.path, '--browser', browser.path, '--no-sandbox'],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...browser.environment, POTLUCK_TOKEN: hub.joinToken },
    },
  );
  let log = '';
  browsers.stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
  try {
    await expect
      .poll(async () => (await fetch(`${hub.url}/health/ready`)).status, { timeout: 120_000 })
      .toBe(200)
      .catch((cause: unknown) => {
        throw new Error(`the browsers do not serve:\n${log}`, { cause });
      });
    const [pid = 0, ...children] = processTree(browsers.pid ?? 0);
    expect(shownOf(pid).commandLine).toContain('#token=***');
    for (const child of children) expect(JSON.stringify(shownOf(child))).not.toContain(hub.joinToken);
    const { data: answer, response } = await hub.client.chat.completions
      .create({
        model: 'minimind2-small',
        messages: [{ role: 'user', content: 'What is the capital of France?' }],
        temperature: 0,
      })
      .withResponse();
    expect(answer.choices[0]?.message.content).toBe('The capital of France is Paris.');
    expect(response.headers.get('x-potluck-route')).toMatch(
      /^(attic-1\[0-\d\],attic-2|attic-2\[0-\d\],attic-1)\[\d-7\]$/,
    );
    const { nodes } = (await (await fetch(`${hub.url}/api/nodes`)).json()) as Nodes;
    expect(nodes).toMatchObject([
      { kind: 'browser', device: { kind: 'wasm' } },
      { kind: 'browser', device: { kind: 'wasm' } },
    ]);
    await stop(browsers);
    expect(browsers.exitCode).toBe(0);
    await expect
      .poll(async () => ((await (await fetch(`${hub.url}/api/nodes`)).json()) as Nodes).nodes.length)
      .toBe(0);
  } finally {
    await stop(browsers, 'SIGKILL');
  }
});
