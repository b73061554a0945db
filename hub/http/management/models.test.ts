import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { HubModel, Import, Model, Settings } from '@potluck/api';
import { readModel, writeModel } from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import { tinyDecoder, writeRandomDecoder } from '@potluck/onnx/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { api, elsewhere } from '../../testing/apiClient.ts';
import { EventReader } from '../../testing/eventReader.ts';
import { startRemoteHub, type RemoteHubServer } from '../../testing/remoteHubServer.ts';
import { startTestHub, testApiKey, type TestHub, type TestHubInit } from '../../testing/testHub.ts';

let directory: string;
let decoder: string;
let withoutTokenizer: string;
let remote: RemoteHubServer;
let hub: TestHub;
let events: EventReader;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-models-'));
  decoder = path.join(directory, 'allowed', 'tiny');
  await writeRandomDecoder(decoder, tinyDecoder);
  withoutTokenizer = path.join(directory, 'without');
  await writeRandomDecoder(withoutTokenizer, { ...tinyDecoder, tokenizer: false });
});
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(async () => {
  remote = await startRemoteHub({
    'ada/tiny-ONNX': { directory: decoder, license: 'mit' },
    'ada/gated': { directory: decoder, token: 'hf_open-sesame' },
    'ada/no-tokenizer': { directory: withoutTokenizer },
    'ada/weights-only': { directory: path.join(decoder, 'onnx/none') },
  });
});
afterEach(async () => {
  events.close();
  await hub.close();
  await remote.close();
});

async function start(init: TestHubInit = {}): Promise<void> {
  hub = await startTestHub({ library: true, download: { firstWaitMs: 1 }, ...init });
  const { body } = await api<Settings>(hub, 'GET', '/settings');
  await api(hub, 'PATCH', '/settings', { revision: body.revision, hubEndpoint: remote.endpoint });
  events = await EventReader.open(hub);
}
const add = async (body: unknown): Promise<Import> => (await api<Import>(hub, 'POST', '/imports', body)).body;
/** Waits until an import rests, whatever came of it. */
const rests = async (id: string): Promise<Import> =>
  (
    await events.until(
      'import',
      (event) => event.import.id === id && ['done', 'failed', 'paused'].includes(event.import.state),
    )
  ).import;
const models = async (): Promise<Model[]> =>
  (await api<{ models: Model[] }>(hub, 'GET', '/models')).body.models;

test('a model comes by name with its licence, is deployed, and is removed with its weights', async () => {
  await start();
  const search = await api<{ models: unknown[] }>(hub, 'GET', '/remote-models?search=tiny');
  expect(search.body.models).toEqual([
    { repository: 'ada/tiny-ONNX', downloads: 1234, likes: 5, gated: false },
  ]);
  const { body: found } = await api<HubModel>(hub, 'GET', '/remote-models/ada/tiny-ONNX');
  expect(found).toMatchObject({ repository: 'ada/tiny-ONNX', license: 'mit', gated: false });
  expect(found.variants).toMatchObject([{ name: 'model', preferred: true, fit: { fits: false } }]);
  const { id } = await add({ kind: 'hub', repository: 'ada/tiny-ONNX' });
  expect(await rests(id)).toMatchObject({ state: 'done', model: 'ada/tiny-ONNX', error: null });
  const [model] = await models();
  expect(model).toMatchObject({ id: 'ada/tiny-ONNX', license: 'mit', deployed: false, builtIn: false });
  expect(model?.source).toContain(`${remote.endpoint}/ada/tiny-ONNX#model`);

  hub.worker('one');
  await api(hub, 'PUT', '/deployments', { model: 'ada/tiny-ONNX' });
  await events.until('deployment', ({ deployment }) => deployment.model === model?.id && deployment.ready);
  const query = `?id=${encodeURIComponent('ada/tiny-ONNX')}`;
  expect((await api(hub, 'DELETE', `/models${query}`)).status).toBe(409);
  await api(hub, 'DELETE', `/deployments?model=${encodeURIComponent('ada/tiny-ONNX')}`);
  expect((await api(hub, 'DELETE', `/models${query}`)).status).toBe(204);
  await events.until('model-removed', (event) => event.id === 'ada/tiny-ONNX');
  expect((await api(hub, 'GET', '/models')).body).toEqual({ models: [], leftOut: [] });
});

test('a model that is wanted served is deployed as soon as it is here', async () => {
  await start({ leaseMs: 600_000 });
  hub.worker('one');
  const { id, deploy } = await add({ kind: 'hub', repository: 'ada/tiny-ONNX', deploy: true });
  expect(deploy).toBe(true);
  expect(await rests(id)).toMatchObject({ state: 'done' });
  const { deployment } = await events.until(
    'deployment',
    (event) => event.deployment.model === 'ada/tiny-ONNX' && event.deployment.ready,
  );
  expect(deployment.plan).toEqual({ mode: 'automatic', replicas: 1 });
});

test('a model that comes once more stays deployed as it is', async () => {
  await start();
  const model = 'ada/tiny-ONNX';
  await rests((await add({ kind: 'hub', repository: model })).id);
  const plan = { mode: 'shards', count: 2, replicas: 1 };
  await api(hub, 'PUT', '/deployments', { model, plan });
  const { id } = await add({ kind: 'hub', repository: model, deploy: true });
  await rests(id);
  // Pausing waits for the work's end: what follows an import that is done is over then.
  await api(hub, 'POST', `/imports/${id}/pause`);
  expect(hub.deployments.find(model)).toMatchObject({ revision: 1, plan });
});

test('a deployed model that comes again with other weights is served with these, under the plan that it has', async () => {
  // The scripted worker says nothing while the imports take their time.
  await start({ leaseMs: 600_000 });
  hub.worker('one');
  const folder = path.join(directory, 'changing');
  const source = { kind: 'directory', path: folder };
  const importAgain = async (): Promise<string> => {
    const { id } = await add(source);
    await rests(id);
    // Pausing waits for the work's end: what follows an import that is done is over then.
    await api(hub, 'POST', `/imports/${id}/pause`);
    return (await models()).find((one) => one.id === 'changing')!.id;
  };
  await writeRandomDecoder(folder, tinyDecoder);
  const model = await importAgain();
  const plan = { mode: 'shards', count: 2, replicas: 1 };
  await api(hub, 'PUT', '/deployments', { model, plan });
  const before = hub.deployments.find(model)!;
  await importAgain();
  const { revision } = before;
  expect(hub.deployments.find(model)).toMatchObject({ revision, model: before.model });

  await writeRandomDecoder(folder, { ...tinyDecoder, layers: tinyDecoder.layers + 1 });
  await importAgain();
  const after = hub.deployments.find(model)!;
  expect(after).toMatchObject({ revision: 2, plan });
  expect(after.model.package.layers).toHaveLength(tinyDecoder.layers + 1);
  await expect
    .poll(() => hub.deployments.find(model)?.replicas[0]?.ready?.stages.at(-1)?.lastLayer)
    .toBe(tinyDecoder.layers);
  expect(await hub.database.deployments.list()).toMatchObject([{ model, plan }]);
});

test('whether the Hub answers is known before something is fetched', async () => {
  await start();
  const state = async (): Promise<unknown> => (await api(hub, 'GET', '/remote-hub')).body;
  expect(await state()).toEqual({ endpoint: remote.endpoint, problem: null });
  await remote.close();
  expect(await state()).toEqual({
    endpoint: remote.endpoint,
    problem: expect.stringMatching(/can't be reached .*mirror.*directory/) as string,
  });
});

test('a download goes on after cuts, and fetches nothing twice', async () => {
  await start();
  const weights = 'onnx/model.onnx_data';
  remote.cutAfter(weights, 5000, 3);
  const { id } = await add({ kind: 'hub', repository: 'ada/tiny-ONNX' });
  expect(await rests(id)).toMatchObject({ state: 'done' });
  const ranges = remote.fileRequests.filter((request) => request.path === weights).map(({ range }) => range);
  expect(ranges).toEqual([undefined, 'bytes=5000-', 'bytes=10000-', 'bytes=15000-']);
});

test('a download that keeps failing can be resumed where it was', async () => {
  await start({ download: { firstWaitMs: 1, tries: 1 } });
  const weights = 'onnx/model.onnx_data';
  remote.cutAfter(weights, 6000, 1);
  const { id } = await add({ kind: 'hub', repository: 'ada/tiny-ONNX' });
  expect(await rests(id)).toMatchObject({
    state: 'failed',
    resumable: true,
    error: { code: 'hub_unreachable' },
  });
  await api(hub, 'POST', `/imports/${id}/resume`);
  expect(await rests(id)).toMatchObject({ state: 'done' });
  expect(remote.fileRequests.at(-1)).toMatchObject({ path: weights, range: 'bytes=6000-' });
});

test('a download that stands still is begun again where it was, and a server that is busy is left alone', async () => {
  await start({ download: { firstWaitMs: 1, stallMs: 300 } });
  const weights = 'onnx/model.onnx_data';
  remote.holdAfter(weights, 6000);
  remote.refuse('config.json', 429, '1');
  const { id } = await add({ kind: 'hub', repository: 'ada/tiny-ONNX' });
  const asked = Date.now();
  const { import: waits } = await events.until('import', (event) => event.import.waiting !== null);
  expect(waits.waiting?.reason).toMatch(/answered 429 for ada\/tiny-ONNX/);
  expect(waits.waiting?.until).toBeGreaterThanOrEqual(asked + 900);
  expect(await rests(id)).toMatchObject({ state: 'done', waiting: null });
  const ranges = remote.fileRequests.filter((request) => request.path === weights).map(({ range }) => range);
  expect(ranges).toEqual([undefined, 'bytes=6000-']);
});

test('a model that can not be served is refused before its weights are fetched', async () => {
  const encoder = path.join(directory, 'encoder');
  await cp(decoder, encoder, { recursive: true });
  await writeFile(path.join(encoder, 'config.json'), JSON.stringify({ is_encoder_decoder: true }));
  const embeddings = path.join(directory, 'embeddings');
  await cp(decoder, embeddings, { recursive: true });
  const graph = await readModel(directoryModelFiles(path.join(decoder, 'onnx')), 'model.onnx');
  const ids = graph.graph.inputs.find(({ name }) => name === 'input_ids');
  Object.assign(ids ?? {}, {
    name: 'inputs_embeds',
    type: 'float32',
    dims: ['b', 's', tinyDecoder.hiddenSize],
  });
  await writeFile(path.join(embeddings, 'onnx/model.onnx'), writeModel(graph));
  const apart = path.join(directory, 'apart');
  await cp(decoder, apart, { recursive: true });
  await rename(path.join(apart, 'onnx/model.onnx_data'), path.join(apart, 'onnx/weights.bin'));
  await remote.close();
  remote = await startRemoteHub({
    'ada/encoder': { directory: encoder },
    'ada/embeddings': { directory: embeddings },
    'ada/apart': { directory: apart },
  });
  await start();
  const fetched = (): string[] => remote.fileRequests.map((request) => request.path);
  const refused = async (repository: string): Promise<string | undefined> =>
    (await rests((await add({ kind: 'hub', repository })).id)).error?.message;
  expect(await refused('ada/encoder')).toMatch(
    /encoder and a decoder .* Take a model that is a decoder only/,
  );
  expect(fetched()).not.toContain('onnx/model.onnx');
  expect(await refused('ada/embeddings')).toMatch(/embedding is in a graph of its own \(inputs_embeds\)/);
  expect(await refused('ada/apart')).toMatch(/has no onnx\/model\.onnx_data, where model keeps its weights/);
  expect(fetched()).toContain('onnx/model.onnx');
  expect(fetched()).not.toContain('onnx/model.onnx_data');
});

test('weights in a file of any name are fetched', async () => {
  const named = path.join(directory, 'named');
  await cp(decoder, named, { recursive: true });
  const model = await readModel(directoryModelFiles(path.join(decoder, 'onnx')), 'model.onnx');
  for (const { data } of model.graph.initializers.values()) {
    if (data.kind === 'range') data.file = 'weights.bin';
  }
  await writeFile(path.join(named, 'onnx/model.onnx'), writeModel(model));
  await rename(path.join(named, 'onnx/model.onnx_data'), path.join(named, 'onnx/weights.bin'));
  await remote.close();
  remote = await startRemoteHub({ 'ada/named': { directory: named } });
  await start();
  const { id } = await add({ kind: 'hub', repository: 'ada/named' });
  expect(await rests(id)).toMatchObject({ state: 'done', error: null });
});

test('a gated repository says what to do, and opens with a token that goes nowhere else', async () => {
  await start();
  const closed = await api<{ error: { message: string; code: string } }>(
    hub,
    'GET',
    '/remote-models/ada/gated',
  );
  expect(closed.status).toBe(403);
  expect(closed.body.error).toMatchObject({ code: 'repository_gated' });
  expect(closed.body.error.message).toMatch(/Accept its terms at .*ada\/gated and give a token/);
  const wrong = await add({ kind: 'hub', repository: 'ada/gated', token: 'hf_wrong' });
  expect((await rests(wrong.id)).error?.message).toMatch(/The token does not open it/);
  const right = await add({ kind: 'hub', repository: 'ada/gated', token: 'hf_open-sesame' });
  expect(await rests(right.id)).toMatchObject({ state: 'done', model: 'ada/gated' });
  // Large files lie elsewhere.
  expect(remote.fileRequests.length).toBeGreaterThan(0);
  expect(remote.fileRequests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  expect(JSON.stringify(await hub.database.imports.list())).not.toContain('sesame');
});

test('what the Hub can not give is said plainly', async () => {
  await start();
  remote.spoil('onnx/model.onnx_data');
  const cases: [string, string, RegExp][] = [
    ['ada/tiny-ONNX', 'hub_failed', /model\.onnx_data is not what the Hub says it is/],
    ['ada/nothing', 'repository_not_found', /has no ada\/nothing/],
    ['ada/no-tokenizer', 'incomplete', /has no tokenizer\.json and tokenizer_config\.json/],
  ];
  for (const [repository, code, message] of cases) {
    const { error } = await rests((await add({ kind: 'hub', repository })).id);
    expect(error).toEqual({ code, message: expect.stringMatching(message) as string });
  }
  const variant = await add({ kind: 'hub', repository: 'ada/tiny-ONNX', variant: 'model_q4' });
  expect((await rests(variant.id)).error?.message).toMatch(/no variant 'model_q4'. It has: model/);
  await remote.close();
  const gone = await add({ kind: 'hub', repository: 'ada/tiny-ONNX' });
  expect((await rests(gone.id)).error).toEqual({
    code: 'hub_unreachable',
    message: expect.stringMatching(/can't be reached .*mirror.*directory/) as string,
  });
});

test('a directory is imported where the operator allows it', async () => {
  await start({ modelDirectories: [path.join(directory, 'allowed')] });
  const { id } = await add({ kind: 'directory', path: decoder });
  expect(await rests(id)).toMatchObject({ state: 'done', model: 'tiny' });
  const noModel = { kind: 'directory', path: path.join(directory, 'allowed') };
  const none = await api<{ error: { message: string } }>(hub, 'POST', '/imports', noModel);
  expect([none.status, none.body.error.message]).toEqual([400, expect.stringMatching(/has no config\.json/)]);
  const { imports } = (await api<{ imports: unknown[] }>(hub, 'GET', '/imports')).body;
  expect(imports).toHaveLength(1);
  for (const elsewhereOnDisk of [directory, path.join(directory, 'allowed/../..'), '/etc', '/none']) {
    const refused = await api<{ error: { message: string } }>(hub, 'POST', '/imports', {
      kind: 'directory',
      path: elsewhereOnDisk,
    });
    expect([refused.status, refused.body.error.message]).toEqual([
      403,
      expect.stringMatching(/may be added from/),
    ]);
  }
  const key = { ...elsewhere, authorization: `Bearer ${testApiKey}` };
  expect((await api(hub, 'POST', '/imports', { kind: 'directory', path: decoder }, key)).status).toBe(403);
});

test('an upload comes in pieces, goes on where it was, and becomes a model', async () => {
  await start();
  const names = [
    'config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'onnx/model.onnx',
    'onnx/model.onnx_data',
  ];
  const contents = new Map<string, Uint8Array>();
  for (const name of names) contents.set(name, new Uint8Array(await readFile(path.join(decoder, name))));
  const files = names.map((name) => ({ path: name, bytes: contents.get(name)?.length ?? 0 }));
  const { id } = await add({ kind: 'upload', name: 'my-model', files });
  const put = (name: string, offset: number, bytes: Uint8Array): Promise<Response> =>
    fetch(`${hub.url}/api/imports/${id}/files?path=${encodeURIComponent(name)}&offset=${offset}`, {
      method: 'PUT',
      body: new Uint8Array(bytes),
    });
  for (const name of names) {
    const bytes = contents.get(name) ?? new Uint8Array();
    const middle = Math.floor(bytes.length / 2);
    expect((await put(name, 0, bytes.subarray(0, middle))).status).toBe(200);
    // What is not next is refused with what is.
    const wrong = await put(name, 1, bytes);
    expect([wrong.status, await wrong.text()]).toEqual([
      409,
      expect.stringContaining(`up to byte ${middle}`),
    ]);
    if (name === 'config.json') {
      expect((await put(name, middle, new Uint8Array(bytes.length))).status).toBe(413);
    }
    expect((await put(name, middle, bytes.subarray(middle))).status).toBe(200);
  }
  expect(await rests(id)).toMatchObject({ state: 'done', model: 'my-model' });
  expect((await models()).map(({ id: model }) => model)).toEqual(['my-model']);
  // Another model of that name is not sent in vain, and does not take its place.
  const again = await api<{ error: { message: string } }>(hub, 'POST', '/imports', {
    kind: 'upload',
    name: 'My-Model',
    files,
  });
  expect([again.status, again.body.error.message]).toEqual([
    409,
    expect.stringMatching(/model my-model here already\. Upload this one under another name/),
  ]);
});

test('what can be no model is refused before it is sent, and what turns out to be none afterwards', async () => {
  await start();
  const file = (name: string, bytes = 10): object => ({ path: name, bytes });
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'];
  const model = names.map((name) => file(name));
  const cases: [unknown[], string, number, RegExp][] = [
    [[file('config.json')], 'x', 400, /lack tokenizer\.json and tokenizer_config\.json/],
    [model.toSpliced(2, 1), 'x', 400, /lack tokenizer_config\.json/],
    [model.slice(0, 3), 'x', 400, /no decoder as ONNX/],
    [[...model, file('../../etc/passwd')], 'x', 400, /file name such as/],
    [[...model, file('onnx/../x.onnx')], 'x', 400, /file name such as/],
    [[...model, file('config.json')], 'x', 400, /twice/],
    [model, '../x', 400, /name/],
    [[...model, file('onnx/model.onnx_data', 1e15)], 'x', 507, /are free/],
  ];
  for (const [files, name, status, message] of cases) {
    const answer = await api<{ error: { message: string } }>(hub, 'POST', '/imports', {
      kind: 'upload',
      name,
      files,
    });
    expect([answer.status, answer.body.error.message]).toEqual([status, expect.stringMatching(message)]);
  }
  const { id } = await add({ kind: 'upload', name: 'junk', files: model });
  for (const name of names) {
    await fetch(`${hub.url}/api/imports/${id}/files?path=${encodeURIComponent(name)}&offset=0`, {
      method: 'PUT',
      body: '{"a": "b"}',
    });
  }
  const failed = await rests(id);
  expect(failed).toMatchObject({ state: 'failed', resumable: false });
  expect(failed.error?.message).toMatch(/can't be imported/);
  expect((await api(hub, 'POST', `/imports/${id}/resume`)).status).toBe(409);
  expect((await api(hub, 'DELETE', `/imports/${id}`)).status).toBe(204);
  await events.until('import-removed', (event) => event.id === id);
});

test('an import that goes on takes nothing, or a token, and says so', async () => {
  await start();
  for (const body of ['{', '[]', '{"token": 5}', '{"tokens": "x"}']) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${hub.url}/api/imports/any/resume`, { method: 'POST', headers, body });
    expect([answer.status, await answer.text()], body).toEqual([
      400,
      expect.stringMatching(/token|JSON|object/),
    ]);
  }
  const plain = await fetch(`${hub.url}/api/imports/any/resume`, { method: 'POST', body: '{}' });
  expect([plain.status, await plain.text()]).toEqual([
    415,
    expect.stringMatching(/Content-Type: application.json/),
  ]);
  expect((await api(hub, 'POST', '/imports/any/resume')).status).toBe(404);
});

test('suggestions say what fits the grid as it is', async () => {
  await start();
  hub.worker('one', { memoryBytes: 2e9 });
  await hub.served();
  const { body } = await api<{ suggestions: { repository: string; fit: { fits: boolean } }[] }>(
    hub,
    'GET',
    '/models/suggestions',
  );
  expect(body.suggestions.at(0)?.fit.fits).toBe(true);
  expect(body.suggestions.at(-1)?.fit.fits).toBe(false);
});
