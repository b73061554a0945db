/** What /metrics says, to whom, and that the dashboard and the alerts in deploy/ ask for nothing else. */
import { readFile } from 'node:fs/promises';
import { parser } from '@prometheus-io/lezer-promql';
import { parse as parseYaml } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askChat } from '../testing/askChat.ts';
import { elsewhere } from '../testing/apiClient.ts';
import type { ScriptedWorker } from '../testing/scriptedWorker.ts';
import { answering, startTestHub, testApiKey, type TestHub } from '../testing/testHub.ts';

const metricsToken = 'metrics-token-of-tests';
let hub: TestHub;
let garage: ScriptedWorker;
beforeAll(async () => {
  hub = await startTestHub({ metricsToken });
  garage = hub.worker('garage', answering(hub, 'soup'));
  await hub.served();
});
afterAll(() => hub.close());

async function ask(content: string): Promise<void> {
  const response = await askChat(hub, { model: undefined, messages: [{ role: 'user', content }] });
  expect(response.status).toBe(200);
  await hub.generator.recorded(response.headers.get('x-potluck-request-id') ?? '');
  await expect.poll(() => hub.generator.running.length).toBe(0);
}

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

async function scrape(headers: Record<string, string> = {}): Promise<Sample[]> {
  const response = await fetch(`${hub.url}/metrics`, { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return samplesOf(await response.text());
}

function samplesOf(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', inBraces = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (value === undefined) return [];
    const labels = [...inBraces.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
    return [{ name, labels: Object.fromEntries(labels) as Record<string, string>, value: Number(value) }];
  });
}

function valueOf(samples: Sample[], name: string, labels: Record<string, string> = {}): number | undefined {
  const isIt = (one: Sample): boolean =>
    one.name === name && Object.entries(labels).every(([key, text]) => one.labels[key] === text);
  return samples.find(isIt)?.value;
}

test('counts answers, tokens, times and stages', async () => {
  const before = await scrape();
  await ask('Name a dish.');
  const after = await scrape();
  const grew = (name: string, labels: Record<string, string> = {}): number =>
    (valueOf(after, name, labels) ?? NaN) - (valueOf(before, name, labels) ?? 0);
  const model = hub.deployment.model.package.id;
  expect(grew('potluck_requests_total', { model, status: 'done' })).toBe(1);
  expect(grew('potluck_tokens_total', { model, type: 'output' })).toBe(hub.encode('soup').length + 1);
  expect(grew('potluck_tokens_total', { model, type: 'input' })).toBeGreaterThan(0);
  expect(grew('potluck_prompt_cache_total', { model, result: 'miss' })).toBe(1);
  expect(grew('potluck_cached_tokens_total', { model })).toBe(0);
  expect(grew('gen_ai_server_time_to_first_token_seconds_count', { gen_ai_request_model: model })).toBe(1);
  expect(grew('gen_ai_server_request_duration_seconds_count', { gen_ai_request_model: model })).toBe(1);
  expect(grew('potluck_queue_seconds_count', { gen_ai_request_model: model })).toBe(1);
  expect(grew('potluck_stage_tokens_total', { worker: 'garage', phase: 'prompt' })).toBeGreaterThanOrEqual(0);
  expect(grew('potluck_http_requests_total', { surface: 'v1', status: '200' })).toBe(1);
  expect(valueOf(after, 'potluck_workers', { kind: 'node', state: 'serving' })).toBe(1);
  expect(valueOf(after, 'potluck_pipelines', { model, state: 'ready' })).toBe(1);
  expect(valueOf(after, 'potluck_requests_running', { model })).toBe(0);
});

test('a device that goes is counted, its series end, and the outage is timed', async () => {
  const model = hub.deployment.model.package.id;
  const before = await scrape();
  const cellar = hub.worker('cellar', answering(hub, 'soup'));
  await cellar.message('welcome');
  garage.kill();
  await hub.served(2);
  const after = await scrape();
  const grew = (name: string): number =>
    (valueOf(after, name, { model }) ?? NaN) - (valueOf(before, name, { model }) ?? 0);
  expect(grew('potluck_pipelines_lost_total')).toBe(1);
  expect(valueOf(after, 'potluck_pipeline_outage_seconds_count', { gen_ai_request_model: model })).toBe(1);
  expect(after.filter(({ labels }) => labels['worker'] === 'garage')).toEqual([]);
});

describe('who may read', () => {
  test.each([
    ['nobody knows who', {}, 401],
    ['a key that may ask', { authorization: `Bearer ${testApiKey}` }, 403],
    ['a wrong token', { authorization: 'Bearer metrics-token-of-somebody' }, 401],
    ['the metrics token', { authorization: `Bearer ${metricsToken}` }, 200],
  ])('%s', async (_, headers, status) => {
    const response = await fetch(`${hub.url}/metrics`, { headers: { ...elsewhere, ...headers } });
    expect(response.status).toBe(status);
  });

  test('the metrics token opens nothing else', async () => {
    const headers = { ...elsewhere, authorization: `Bearer ${metricsToken}` };
    for (const path of ['/v1/models', '/api/nodes'])
      expect((await fetch(`${hub.url}${path}`, { headers })).status).toBe(401);
  });
});

describe('what deploy/ asks for is what /metrics has', () => {
  test('the dashboard', async () => {
    const text = await readFile(new URL('../../deploy/grafana/potluck.json', import.meta.url), 'utf8');
    const { panels } = JSON.parse(text) as { panels: { targets?: { expr: string }[] }[] };
    await expectKnown(panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)));
  });

  test('the alerts', async () => {
    const text = await readFile(new URL('../../deploy/prometheus/alerts.yml', import.meta.url), 'utf8');
    const { groups } = parseYaml(text) as { groups: { rules: { expr: string }[] }[] };
    await expectKnown(groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)));
  });
});

/** Metrics that Prometheus makes itself, and labels that it adds. */
const ofPrometheus = new Set(['up', 'job', 'instance']);

/** Checks names and labels of PromQL queries against the metrics' own declarations. */
async function expectKnown(queries: string[]): Promise<void> {
  await ask('Name a dish.');
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  const declared = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
  );
  const names = new Set([...declared, ...ofPrometheus]);
  const labels = new Set(['code', ...ofPrometheus]);
  for (const sample of samplesOf(text)) for (const label of Object.keys(sample.labels)) labels.add(label);
  expect(queries.length).toBeGreaterThan(3);
  for (const query of queries) {
    const plain = query.replaceAll('$__rate_interval', '5m');
    const used = identifiersOf(plain);
    expect(used.errors, plain).toEqual([]);
    expect(used.metrics.length, plain).toBeGreaterThan(0);
    expect(
      used.metrics.filter((name) => !names.has(name)),
      plain,
    ).toEqual([]);
    expect(
      used.labels.filter((name) => !labels.has(name)),
      plain,
    ).toEqual([]);
  }
}

function identifiersOf(query: string): Record<'metrics' | 'labels' | 'errors', string[]> {
  const found: Record<'metrics' | 'labels' | 'errors', string[]> = { metrics: [], labels: [], errors: [] };
  parser.parse(query).iterate({
    enter: ({ name, from, to, node, type }) => {
      const text = query.slice(from, to);
      if (type.isError) found.errors.push(`${text} at ${from}`);
      else if (name === 'Identifier' && node.parent?.name === 'VectorSelector') found.metrics.push(text);
      else if (name === 'LabelName') found.labels.push(text);
    },
  });
  return found;
}
