import { spawn, type ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Deployment } from '@potluck/api';
import { tinyDecoder, writeRandomDecoder } from '@potluck/onnx/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DoctorReport } from '../packages/command-line/src/doctor/main.ts';
import { stop } from './support/hubProcess.ts';
import { program } from '../testing/program.ts';
import { requestOf } from './support/requests.ts';
import { endOf, type Ended } from './support/runPotluck.ts';

let directory: string;
let hub: ChildProcess;
let url: string;

const start = (...argv: string[]): ChildProcess =>
  spawn(process.execPath, [program, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('POTLUCK_'))),
  });

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-models-command-'));
  await writeRandomDecoder(path.join(directory, 'tiny'), tinyDecoder);
  hub = start(
    ...['hub', '--port', '0', '--https-port', '0', '--local-workers', '2'],
    ...['--data', path.join(directory, 'data'), '--worker-memory', '1GB'],
  );
  hub.stderr?.resume();
  if (!hub.stdout) throw new Error('standard output is piped');
  for await (const line of createInterface({ input: hub.stdout })) {
    url = /^ready (\S+)$/.exec(line)?.[1] ?? '';
    break;
  }
});
afterAll(async () => {
  await stop(hub);
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

const models = (...argv: string[]): Promise<Ended> => run(...argv, '--hub', url);

function run(...argv: string[]): Promise<Ended> {
  return endOf(start('models', ...argv));
}

test('a model is added from a directory, planned, deployed over two nodes beside another, asked, and removed', async () => {
  // Both workers, whichever made it ready.
  await expect
    .poll(
      async () => ((await (await fetch(`${url}/api/nodes`)).json()) as { nodes: unknown[] }).nodes.length,
      {
        timeout: 60_000,
      },
    )
    .toBe(2);
  const added = await models('add', path.join(directory, 'tiny'));
  expect(added).toMatchObject({ code: 0, problem: '' });
  expect(added.output).toMatch(/added tiny\n$/);
  const plan = await models('plan', 'tiny', '--node', 'local-2:0-1', '--node', 'local-1:2-3');
  expect(plan.output).toMatch(/^local-2\[0-1\] .* free .* to move\nlocal-1\[2-3\] /);
  expect(plan.output).toMatch(/\nabout \S+ tokens a second, \S+ ms each \(partly a guess\)\n/);
  expect(plan.output).toMatch(/\nfirst token after about \S+ ms, for a prompt of 256 tokens\n/);
  expect(plan.output).toMatch(/ ms {2}computing at local-2\[0-1\] .*\n.* ms {2}local-2 to local-1 /s);
  expect(plan.output).toMatch(/\nmost of it: .* ms of each token/);
  const deployed = await models('deploy', 'tiny', '--node', 'local-2:0-1', '--node', 'local-1:2-3');
  expect(deployed).toMatchObject({ code: 0, problem: '' });
  expect(deployed.output).toMatch(/served by local-2\[0-1\],local-1\[2-3\]\n$/);
  for (const model of ['tiny', 'minimind2-small']) {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model, max_tokens: 8, messages: [{ role: 'user', content: 'Hi' }] }),
    });
    expect([model, answer.status]).toEqual([model, 200]);
    const id = answer.headers.get('x-request-id') ?? '';
    const { predicted } = await requestOf({ url }, id);
    expect(predicted?.tokensPerSecond).toBeGreaterThan(0);
    expect(predicted?.firstTokenMs).toBeGreaterThan(0);
  }
  expect((await models('list')).output).toMatch(
    /^minimind2-small .*local-.\[0-7\].*\ntiny .*local-2\[0-1\],local-1/s,
  );
  expect(await models('remove', 'tiny')).toMatchObject({
    code: 1,
    problem: expect.stringMatching(/Undeploy it/) as string,
  });
  expect((await models('undeploy', 'tiny')).code).toBe(0);
  expect((await models('remove', 'tiny')).output).toBe('removed tiny\n');

  const again = await models('add', path.join(directory, 'tiny'), '--deploy');
  expect(again).toMatchObject({ code: 0, problem: '' });
  expect(again.output).toMatch(/added tiny\n(.*\n)*served by local-\d\[0-3\]\n$/);
  expect((await models('undeploy', 'tiny')).code).toBe(0);
  expect((await models('remove', 'tiny')).code).toBe(0);
});

test('what can not be done is said in one line', async () => {
  const cases: [string[], number, RegExp][] = [
    [['add', path.join(directory, 'none')], 1, /There is no directory/],
    [['deploy', 'nothing'], 1, /no model 'nothing' here/],
    [['plan', 'minimind2-small', '--shards', '9'], 1, /too few layers for 9 parts: 8/],
    [['plan', 'minimind2-small', '--node', 'phone'], 1, /no node 'phone'. Here are: local-/],
    [['plan', 'minimind2-small', '--shards', 'many'], 2, /whole number.* models plan --help`/],
    [['dance'], 2, /unknown command/],
  ];
  for (const [argv, code, message] of cases) {
    const result = await models(...argv);
    expect([argv, result.code, result.problem]).toEqual([argv, code, expect.stringMatching(message)]);
    expect(result.problem.trim().split('\n')).toHaveLength(1);
  }
});

test('what does not fit is refused with what would help, and changes nothing', async () => {
  const plan = ['minimind2-small', '--replicas', '16'];
  const planned = await models('plan', ...plan);
  const deployed = await models('deploy', ...plan);
  expect(planned).toMatchObject({ code: 1, problem: expect.stringMatching(/replica \d+: /) as string });
  expect(deployed).toMatchObject({
    code: 1,
    problem: expect.stringMatching(/replica \d+: .*--wait/) as string,
  });
  const list = (await (await fetch(`${url}/api/deployments`)).json()) as { deployments: Deployment[] };
  expect(list.deployments.map(({ replicas }) => replicas.length)).toEqual([1]);
});

test('a hub is found by its data directory, without a scheme, and by the fingerprint of its certificate', async () => {
  const data = path.join(directory, 'data');
  expect(await run('list', '--data', data)).toMatchObject({ code: 0, problem: '' });
  const nobodys = await run('list', '--data', path.join(directory, 'elsewhere'));
  expect(nobodys).toMatchObject({
    code: 2,
    problem: expect.stringMatching(/no hub of yours runs with the data directory/) as string,
  });
  expect(await run('list', '--hub', url.replace('http://', ''))).toMatchObject({ code: 0, problem: '' });
  const { ports } = JSON.parse(await readFile(path.join(data, 'local-key.json'), 'utf8')) as {
    ports: number[];
  };
  const secure = ['list', '--hub', `https://localhost:${ports[1]}`];
  const pem = await (await fetch(`${url}/api/hub/certificate.pem`)).text();
  const { fingerprint256 } = new X509Certificate(pem);
  expect(await run(...secure)).toMatchObject({
    code: 1,
    problem: expect.stringContaining(`--fingerprint ${fingerprint256}`) as string,
  });
  expect(await run(...secure, '--fingerprint', fingerprint256)).toMatchObject({ code: 0, problem: '' });
  const other = fingerprint256.replace(/^../, (digits) => (digits === '00' ? '11' : '00'));
  expect(await run(...secure, '--fingerprint', other)).toMatchObject({
    code: 1,
    problem: expect.stringContaining('is not the hub that was meant') as string,
  });
});

test('once there is a password, who can read the data directory of the hub needs no key', async () => {
  const set = await fetch(`${url}/api/session/password`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password: 'correct horse' }),
  });
  expect(set.status).toBe(200);
  const refused = await models('list', '--data', path.join(directory, 'elsewhere'));
  expect(refused).toMatchObject({ code: 1, problem: expect.stringMatching(/--data names/) as string });
  const data = path.join(directory, 'data');
  expect(await models('list', '--data', data)).toMatchObject({ code: 0, problem: '' });
  expect((await stat(path.join(data, 'local-key.json'))).mode & 0o077).toBe(0);
});

test('doctor says what is wrong, and writes one file with all that a report should have', async () => {
  const out = path.join(directory, 'report.json');
  const { code, output } = await endOf(start('doctor', '--data', path.join(directory, 'data'), '--out', out));
  expect(output).toMatch(/^The hub: version \d+\.\d+\.\d+, 2 devices/m);
  const report = JSON.parse(await readFile(out, 'utf8')) as DoctorReport;
  expect(code).toBe(report.problems.length === 0 ? 0 : 1);
  expect(report.here.dataDirectory).toMatchObject({ isWritable: true });
  expect(report.hub).toMatchObject({ certificate: { kind: 'own' }, nodes: [{}, {}] });
  expect((await stat(out)).mode & 0o077).toBe(0);
});

test('doctor without a hub still writes the file, and says where it looked', async () => {
  const out = path.join(directory, 'alone.json');
  const { code, output } = await endOf(start('doctor', '--hub', 'http://localhost:1', '--out', out));
  expect(code).toBe(1);
  expect(output).toContain('No hub answers at http://localhost:1');
  expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({ hub: null });
});
