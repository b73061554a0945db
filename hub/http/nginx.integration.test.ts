/** deploy/proxies/nginx.conf, tried with nginx itself where the system has it or Debian's archive is in reach. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JoinInformation } from '@potluck/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../testing/freePort.ts';
import { askChat } from '../testing/askChat.ts';
import { ScriptedWorker } from '../testing/scriptedWorker.ts';
import { startTestHub, testApiKey, testJoinToken, type TestHub } from '../testing/testHub.ts';
import { testStopToken } from '../testing/testModel.ts';
import { loopbackNetworks, trustedProxies } from './trustedProxies.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'potluck-nginx-'));
const nginx = findNginx();
if (nginx === undefined)
  console.log('skipped: there is no nginx here, and none could be fetched with apt-get download');

/** The program; unpacked from Debian's package where it is not installed. */
function findNginx(): string | undefined {
  const run = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { cwd: directory, stdio: 'pipe', timeout: 30_000 }).toString();
  for (const installed of ['/usr/sbin/nginx', '/usr/local/bin/nginx'])
    if (existsSync(installed)) return installed;
  try {
    run('apt-get', 'download', '-q', 'nginx');
    run('sh', '-c', 'dpkg-deb -x nginx_*.deb .');
    const program = path.join(directory, 'usr/sbin/nginx');
    run(program, '-v');
    return program;
  } catch {
    return undefined;
  }
}

const recipe = (name: string): string =>
  readFileSync(new URL(`../../deploy/proxies/${name}`, import.meta.url), 'utf8');

/** @param servers of its configuration, what is inside of `http` @returns it once it listens */
async function startNginx(servers: string): Promise<ChildProcess> {
  const own = mkdtempSync(path.join(directory, 'own-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${own}/${name};`,
  );
  mkdirSync(path.join(own, 'logs'));
  const main = ['daemon off;', `pid ${own}/pid;`, 'worker_processes 1;', 'error_log stderr notice;'];
  const events = ['events { worker_connections 64; }'];
  const http = ['http {', 'access_log off;', ...temporary, servers, '}'];
  writeFileSync(path.join(own, 'nginx.conf'), [...main, ...events, ...http].join('\n'));
  const child = spawn(nginx ?? '', ['-p', own, '-c', path.join(own, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  while (!log.includes('start worker process')) {
    const [text] = (await Promise.race([once(child.stderr, 'data'), once(child, 'exit')])) as [
      Buffer | number,
    ];
    if (typeof text === 'number') throw new Error(`nginx ended: ${log}`);
    log += text.toString();
  }
  return child;
}

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.skipIf(nginx === undefined)('behind nginx, below a path', () => {
  let hub: TestHub;
  let child: ChildProcess;
  let url: string;
  let worker: ScriptedWorker;

  beforeAll(async () => {
    hub = await startTestHub({ proxies: trustedProxies(loopbackNetworks) });
    const port = await freePort();
    const server = recipe('nginx.conf')
      .replace('listen 443 ssl', `listen 127.0.0.1:${port}`)
      .replaceAll(/^ *ssl_.*$/gm, '')
      .replace('127.0.0.1:8000', new URL(hub.url).host);
    child = await startNginx(server);
    url = `http://127.0.0.1:${port}/potluck`;
  });
  afterAll(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await hub.close();
    await ended;
  });

  const asking = { authorization: `Bearer ${testApiKey}`, 'content-type': 'application/json' };

  test('a worker joins over its web socket, and tokens come one by one', async () => {
    let sayRest = (): void => undefined;
    worker = new ScriptedWorker({
      ...{ url, token: testJoinToken, name: 'attic' },
      onPrompt: (one, { sessionId, tokens }) => {
        const soup = hub.encode('soup');
        one.tokens(sessionId, tokens.length, soup);
        sayRest = () => one.tokens(sessionId, tokens.length + soup.length, [testStopToken], 'stop');
      },
    });
    await hub.served();
    const response = await askChat({ url }, { stream: true }, { headers: asking });
    expect(response.status).toBe(200);
    const decoder = new TextDecoder();
    let text = '';
    let isRestSaid = false;
    // The rest is said only when the first words are here: a proxy that held them back would wait for ever.
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes('"content":"up"')) {
        if (!isRestSaid) sayRest();
        isRestSaid = true;
      }
    }
    expect(text).toContain('[DONE]');
    expect(isRestSaid).toBe(true);
  });

  test('nobody counts as the hub’s own machine, and links name the address that people see', async () => {
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    expect((await fetch(`${url}/v1/models`, { headers: asking })).status).toBe(200);
    const { secret } = await hub.access.keys.create({
      ...{ name: 'operator', scopes: ['admin'], limits: {}, expiresAt: null },
    });
    const headers = { authorization: `Bearer ${secret}` };
    const { links } = (await (await fetch(`${url}/api/join`, { headers })).json()) as JoinInformation;
    expect(links[0]).toMatch(/^http:\/\/127\.0\.0\.1\/potluck\/join#token=/);
    worker.kill();
  });
});

describe.skipIf(nginx === undefined)('several hubs behind nginx', () => {
  test('where one is gone, the other answers every request, and takes web sockets', async () => {
    const hub = await startTestHub({ proxies: trustedProxies(loopbackNetworks) });
    const [port, gone] = [await freePort(), await freePort()];
    // Only newer ones than Debian's look up names again, and there is no name server of Docker here.
    const servers = recipe('hubs.conf')
      .replace('listen 8000', `listen 127.0.0.1:${port}`)
      .replace(/^ *resolver .*$/m, '')
      .replace(
        /^ *server hub:8000 resolve (.*);$/m,
        [`127.0.0.1:${gone}`, new URL(hub.url).host].map((at) => `server ${at} $1;`).join('\n'),
      );
    const child = await startNginx(servers);
    const url = `http://127.0.0.1:${port}`;
    const worker = new ScriptedWorker({ url, token: testJoinToken, name: 'attic' });
    await worker.message('welcome');
    const statuses: number[] = [];
    for (let count = 0; count < 6; count++) {
      const headers = { authorization: `Bearer ${testApiKey}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ content: 'Name a dish.' });
      statuses.push((await fetch(`${url}/tokenize`, { method: 'POST', headers, body })).status);
    }
    expect(statuses).toEqual(Array(6).fill(200));
    worker.kill();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await hub.close();
    await ended;
  });
});
