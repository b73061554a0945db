/** Secrets, as strings that are searched wherever others may read, after each thing that goes wrong. */
import { once } from 'node:events';
import { spawn, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../testing/temporaryDirectory.ts';
import { startHub, stop, type HubProcess } from './support/hubProcess.ts';
import { localWorkers, processTree, shownOf } from './support/processes.ts';
import { program } from '../testing/program.ts';

const model = 'minimind2-small';
const secrets = {
  joinToken: 'join-token-of-a-test',
  apiKey: 'canary-api-key-1',
  turnCredential: 'canary-turn-credential',
  keptTurnCredential: 'canary-kept-turn-credential',
  huggingFaceToken: 'hf_canaryhuggingface',
  password: 'canary-password-one',
  prompt: 'Tell me about the canary-prompt.',
};
/** All that may stand in no log; more come as the hub makes them. */
const canaries = new Set(Object.values(secrets));

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let data: string;
let hub: HubProcess;
let said = '';
const json = { 'content-type': 'application/json' };
const withKey = { ...json, authorization: `Bearer ${secrets.apiKey}` };
let admin: Record<string, string> = json;

async function start(flags: string[], env: Record<string, string>): Promise<void> {
  hub = await startHub({
    dataDirectory: data,
    flags: ['--log-level', 'trace', '--https-port', '0', '--stun-port', 'off', ...flags],
    env: { TMPDIR: path.join(directory.path, 'temporary'), ...env },
  });
  hub.child.stdout?.on('data', (text: Buffer) => (said += text.toString()));
}

const ask = async (
  method: string,
  at: string,
  body?: unknown,
  headers = admin,
): Promise<{ status: number; text: string; headers: Headers }> => {
  const response = await fetch(`${hub.url}${at}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
};
const chat = (more: object = {}): { model: string; messages: object[]; max_tokens: number } => ({
  model,
  messages: [{ role: 'user', content: secrets.prompt }],
  max_tokens: 12,
  ...more,
});

/** Files below a folder whose permissions let others read them. */
function* filesOfOthers(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const one = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) yield* filesOfOthers(one);
    else if (entry.isFile() && (statSync(one).mode & 0o044) !== 0) yield one;
  }
}

function expectNothingTold(): void {
  const places: Record<string, string> = { log: hub.log(), output: said };
  for (const file of filesOfOthers(directory.path)) places[file] = readFileSync(file, 'latin1');
  for (const pid of processTree(hub.child.pid ?? 0)) places[`ps ${pid}`] = shownOf(pid).commandLine;
  const found = Object.entries(places).flatMap(([place, text]) =>
    [...canaries].flatMap((canary) => (text.includes(canary) ? [`${canary} in ${place}`] : [])),
  );
  expect(found).toEqual([]);
}

beforeAll(async () => {
  directory = await temporaryDirectory('potluck-canaries-');
  data = path.join(directory.path, 'data');
  await mkdir(path.join(directory.path, 'temporary'));
  await start(
    [
      ...['--api-key', secrets.apiKey, '--turn', 'turn:127.0.0.1:1', '--turn-username', 'me'],
      `--turn-credential=${secrets.turnCredential}`,
    ],
    { POTLUCK_LOCAL_WORKERS: '2', POTLUCK_STAGES: '2', SOME_TOKEN: 'canary-of-the-environment' },
  );
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test('a list of processes shows no secret, and local workers get no other than their token', () => {
  const hubPid = hub.child.pid ?? 0;
  expect(shownOf(hubPid).commandLine).toContain('--api-key ***');
  const [, ...children] = processTree(hubPid);
  expect(children.length).toBeGreaterThanOrEqual(2);
  for (const child of children) {
    const { environment } = shownOf(child);
    for (const other of [secrets.apiKey, secrets.turnCredential, 'canary-of-the-environment']) {
      expect(environment).not.toContain(other);
    }
  }
  expectNothingTold();
});

test('a settled hub tells nothing', async () => {
  const { revision } = JSON.parse((await ask('GET', '/api/settings')).text) as { revision: number };
  const { huggingFaceToken, keptTurnCredential } = secrets;
  const change = {
    ...{ revision, hubToken: huggingFaceToken, keepApiWords: true, keepChatWords: true },
    ...{ turnUrls: ['turn:127.0.0.1:2'], turnUsername: 'me', turnCredential: keptTurnCredential },
  };
  expect((await ask('PATCH', '/api/settings', change)).status).toBe(200);
  const chosen = await ask('PUT', '/api/session/password', { password: secrets.password });
  expect(chosen.status).toBe(200);
  const cookies = chosen.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '');
  for (const cookie of cookies) canaries.add(cookie.replace(/^[^=]*=/, ''));
  admin = { ...json, cookie: cookies.join('; ') };
  const key = await ask('POST', '/api/keys', { name: 'Ben', scopes: ['ask'], limits: {}, expiresAt: null });
  canaries.add((JSON.parse(key.text) as { secret: string }).secret);
  canaries.add((JSON.parse(readFileSync(path.join(data, 'local-key.json'), 'utf8')) as { key: string }).key);
  canaries.add(saltIn(data));
  const answered = await ask('POST', '/v1/chat/completions', chat(), withKey);
  expect(answered.status).toBe(200);
  const { choices } = JSON.parse(answered.text) as { choices: { message: { content: string } }[] };
  const answer = choices[0]?.message.content ?? '';
  expect(answer.length).toBeGreaterThan(8);
  canaries.add(answer);
  expectNothingTold();
});

test('refused requests are not told', async () => {
  const refused = [
    ask('POST', '/v1/chat/completions', chat({ store: true }), withKey),
    ask('POST', '/v1/chat/completions', `{"messages":[{"role":"user","content":"${secrets.prompt}"`, withKey),
    ask(
      'POST',
      '/v1/chat/completions',
      chat({ messages: [{ role: secrets.prompt, content: 'x' }] }),
      withKey,
    ),
    ask('POST', '/v1/chat/completions', chat(), {
      ...{ ...json, authorization: `Bearer ${secrets.apiKey}x` },
      'x-forwarded-for': '10.0.0.1',
    }),
    ask('POST', '/v1/chat/completions', chat({ messages: tooLong() }), withKey),
    ask('POST', '/api/session', { password: `${secrets.password}x` }, json),
    ask('POST', '/api/session', { password: secrets.password, key: secrets.apiKey }, json),
    ask('PATCH', '/api/settings', { revision: 0, hubToken: secrets.huggingFaceToken }),
    ask('PATCH', '/api/settings', { revision: 'x', hubToken: secrets.huggingFaceToken }),
    ask('GET', `/api/nowhere?token=${secrets.joinToken}`, undefined, json),
    ask('GET', `/nowhere?key=${secrets.apiKey}`, undefined, json),
  ];
  for (const { status, text } of await Promise.all(refused)) {
    expect([status, text]).toEqual([
      expect.toSatisfy((one: number) => one >= 400 && one < 500),
      expect.anything(),
    ]);
  }
  expectNothingTold();
});

test('a worker that is killed in the middle of an answer', async () => {
  const stream = await fetch(`${hub.url}/v1/chat/completions`, {
    method: 'POST',
    headers: withKey,
    body: JSON.stringify(chat({ stream: true, max_tokens: 200, logit_bias: { 2: -100 } })),
  });
  const [victim] = localWorkers(hub);
  let text = '';
  for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    if (text === '') process.kill(victim?.pid ?? 0, 'SIGKILL');
    text += chunk;
  }
  // The answer goes on elsewhere, or says why it does not.
  expect(text).toMatch(/"error"|\[DONE\]/);
  await expect
    .poll(() => ask('POST', '/v1/chat/completions', chat(), withKey), { timeout: 60_000 })
    .toMatchObject({ status: 200 });
  expectNothingTold();
});

const isLinux = process.platform === 'linux';
/** Most bytes that the hub may write to a file: what is written behind them fails, as on a disk that takes no more. */
const limitFiles = (bytes: number | 'unlimited'): void => {
  execFileSync('prlimit', ['--pid', String(hub.child.pid), `--fsize=${bytes}:unlimited`]);
};

test.runIf(isLinux)('a disk that takes nothing more', async () => {
  limitFiles(1);
  try {
    const { revision } = JSON.parse((await ask('GET', '/api/settings')).text) as { revision: number };
    const results = await Promise.all([
      ask('PATCH', '/api/settings', { revision, hubToken: `${secrets.huggingFaceToken}2` }),
      ask('POST', '/api/keys', { name: 'Ada', scopes: ['ask'], limits: {}, expiresAt: null }),
      ask('POST', '/api/conversations', { title: 'canary', systemPrompt: secrets.prompt }),
      ask('PUT', '/api/session/password', { password: 'canary-password-two', current: secrets.password }),
    ]);
    for (const { status, text } of results) {
      expect([503, 507]).toContain(status);
      expect(JSON.parse(text)).toHaveProperty('error.code');
    }
    // An answer that can't be kept comes all the same.
    expect(await ask('POST', '/v1/chat/completions', chat(), withKey)).toMatchObject({ status: 200 });
  } finally {
    limitFiles('unlimited');
  }
  await expect.poll(() => hub.log()).toContain('could not be kept in the database');
  expectNothingTold();
  expect((await ask('POST', '/api/conversations', { title: 'later' })).status).toBe(201);
});

test('a damaged model, and secrets that come in files', async () => {
  await stop(hub.child);
  const manifest = readdirSync(path.join(data, 'models'), { recursive: true, encoding: 'utf8' }).find(
    (name) => name.endsWith('.json'),
  );
  if (manifest === undefined) throw new Error('no model');
  await truncate(path.join(data, 'models', manifest), 10);
  const file = path.join(directory.path, 'api-key');
  await writeFile(file, `${secrets.apiKey}\n`, { mode: 0o600 });
  await start(['--local-workers', '0', '--api-key-file', file], {});
  const asked = await ask('GET', '/v1/models', undefined, withKey);
  expect(asked.status).toBe(200);
  expectNothingTold();
});

test('diagnostics tell nothing', async () => {
  const { status, text } = await ask('GET', '/api/diagnostics');
  expect(status).toBe(200);
  expect([...canaries].filter((canary) => text.includes(canary))).toEqual([]);
});

test('a database that loses its tables', async () => {
  const database = new DatabaseSync(path.join(data, 'hub.sqlite'));
  for (const table of ['requests', 'conversations', 'hub_values']) database.exec(`DROP TABLE ${table}`);
  database.close();
  const { revision } = JSON.parse((await ask('GET', '/api/settings')).text) as { revision: number };
  const results = [
    await ask('GET', '/api/requests'),
    await ask('GET', '/api/conversations'),
    await ask('POST', '/api/conversations', { title: 'canary', systemPrompt: secrets.prompt }),
    await ask('PATCH', '/api/settings', { revision, hubToken: secrets.huggingFaceToken }),
  ];
  for (const { status, text } of results) {
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'database_unavailable' } });
  }
  expectNothingTold();
  await stop(hub.child);
  const again = spawn(process.execPath, [program, 'hub', '--data', data, '--port', '0'], { stdio: 'pipe' });
  let problem = '';
  again.stderr.on('data', (chunk: Buffer) => (problem += chunk.toString()));
  await once(again, 'close');
  expect(problem).toMatch(
    /hub\.sqlite can't be used: it lacks the table conversations\. Put a copy back, or move/,
  );
  expect(again.exitCode).toBe(2);
});

function tooLong(): object[] {
  return [{ role: 'user', content: `${secrets.prompt} `.repeat(20_000) }];
}

/** Of the password's hash, as the database has it. */
function saltIn(dataDirectory: string): string {
  const database = new DatabaseSync(path.join(dataDirectory, 'hub.sqlite'), { readOnly: true });
  const row = database.prepare("SELECT value FROM hub_values WHERE name = 'admin-password'").get();
  database.close();
  return (JSON.parse(String(row?.['value'])) as { salt: string }).salt;
}
