import { isOllamaPath } from '../ollama/ollamaPaths.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { api, elsewhere } from '../../testing/apiClient.ts';
import { startTestHub, testApiKey, type TestHub } from '../../testing/testHub.ts';

interface Operation {
  description: string;
  security?: object[];
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

let hub: TestHub;
let paths: Record<string, Record<string, Operation>>;
let components: { schemas: object; securitySchemes: object };

beforeAll(async () => {
  hub = await startTestHub();
  const { body } = await api<{ paths: typeof paths; components: typeof components }>(
    hub,
    'GET',
    '/openapi.json',
  );
  ({ paths, components } = body);
});
afterAll(() => hub.close());

const operations = (): [method: string, path: string, operation: Operation][] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]): [string, string, Operation] => [
      method.toUpperCase(),
      path,
      one,
    ]),
  );

test('every route is described, from the schemas that validate', () => {
  const served = hub.app.routes
    .filter(({ method, path }) => path.startsWith('/api/') && method !== 'ALL' && !isOllamaPath(path))
    .map(({ method, path }) => `${method} ${path.replace('/api', '').replaceAll(/:(\w+)/g, '{$1}')}`)
    // What workers speak is the protocol's.
    .filter((route) => !/ \/(openapi\.json$|workers\/)/.test(route));
  const described = operations().map(([method, path]) => `${method} ${path}`);
  expect(new Set(described)).toEqual(new Set(served));
  expect(Object.keys(components.schemas)).toEqual(
    expect.arrayContaining(['Node', 'Deployment', 'Settings', 'Error', 'LiveEvent', 'JoinInformation']),
  );
  for (const [method, path, { responses }] of operations()) {
    const codes = Object.keys(responses);
    expect(codes, `${method} ${path}`).toContain('default');
    expect(codes.some((code) => code.startsWith('2'))).toBe(true);
  }
});

test('every route asks for the right that it says it needs', async () => {
  expect(Object.keys(components.securitySchemes)).toEqual(['key', 'login']);
  const asking = { ...elsewhere, authorization: `Bearer ${testApiKey}` };
  for (const [method, path, { description, security }] of operations()) {
    const target = path.replaceAll(/\{\w+\}/g, 'x');
    const send = async (headers: Record<string, string>): Promise<number> => {
      const controller = new AbortController();
      const { signal } = controller;
      const { status } = await fetch(`${hub.url}/api${target}`, { method, headers, signal });
      controller.abort();
      return status;
    };
    const right = /ask|administer|everybody/.exec(description)?.[0];
    const name = `${method} ${path}: ${description}`;
    expect(security !== undefined, name).toBe(right !== 'everybody');

    if (right !== 'everybody') expect(await send(elsewhere), name).toBe(401);
    if (right === 'administer') expect(await send(asking), name).toBe(403);
    if (right === 'ask') expect([401, 403], name).not.toContain(await send(asking));
  }
});

test('the description is made once, however often it is asked for', async () => {
  const stringify = vi.spyOn(JSON, 'stringify');
  const texts = await Promise.all(
    [1, 2].map(async () => (await hub.app.request('/api/openapi.json')).text()),
  );
  expect(stringify).not.toHaveBeenCalled();
  stringify.mockRestore();
  expect(JSON.parse(texts[1] ?? '')).toMatchObject({ paths, components });
});
