/** `potluck browsers` on the real hub and its join page: over HTTPS, by the certificate that the hub made itself. */
import { spawn } from 'node:child_process';
import { expect } from 'vitest';
import { program } from '../../testing/program.ts';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { askForCapital } from './answers.ts';
import { startHub, stop } from './hubProcess.ts';
import { nodesOf } from './nodes.ts';
import { processTree, shownOf } from './processes.ts';
import { testBrowser } from './testBrowser.ts';

/** So many browsers join by the link and answer; each says what it is, and all leave when the command ends. */
export async function expectBrowsersAnswer({
  count,
  memory,
  route,
}: {
  count: number;
  /** Of each. */
  memory: string;
  route: RegExp;
}): Promise<void> {
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
      ...[program, 'browsers', '--hub', link, '--count', String(count), '--gpu', 'none', '--name', 'attic'],
      ...['--memory', memory, '--data', data.path, '--browser', browser.path, '--no-sandbox'],
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
    const { text, route: way } = await askForCapital(hub);
    expect(text).toBe('The capital of France is Paris.');
    expect(way).toMatch(route);
    expect(await nodesOf(hub)).toMatchObject(
      Array.from({ length: count }, () => ({ kind: 'browser', device: { kind: 'wasm' } })),
    );
    await stop(browsers);
    expect(browsers.exitCode).toBe(0);
    await expect.poll(() => nodesOf(hub)).toHaveLength(0);
  } finally {
    await stop(browsers, 'SIGKILL');
  }
}
