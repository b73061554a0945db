import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { servePages } from './pages.ts';

const asBrowser = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };

describe('servePages', () => {
  let directory: string;
  let app: Hono;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'potluck-pages-'));
    await mkdir(path.join(directory, '_app/immutable'), { recursive: true });
    await writeFile(path.join(directory, 'index.html'), '<title>the app</title>');
    await writeFile(path.join(directory, '_app/immutable/start.abc123.js'), 'start()');
    await writeFile(path.join(directory, 'theme.js'), 'theme()');
    app = new Hono();
    app.use(servePages({ directory }));
    app.get('/models', (c) => c.json({ object: 'list' }));
    app.get('/api/nodes', (c) => c.json({ nodes: [] }));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('gives browsers the app at every path of it, isolated and never from an old copy', async () => {
    for (const address of ['/', '/nodes', '/models', '/anything/else']) {
      const response = await app.request(address, asBrowser);
      expect(response.status, address).toBe(200);
      expect(await response.text(), address).toContain('the app');
      expect(response.headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(response.headers.get('vary')).toMatch(/Accept/);
      expect(response.headers.get('content-security-policy')).toBe("frame-ancestors 'none'");
      expect(response.headers.get('x-frame-options')).toBe('DENY');
    }
  });

  it('gives its own pages to whoever asks, as link previews do', async () => {
    for (const address of ['/join', '/nodes', '/requests', '/settings']) {
      expect(await (await app.request(address)).text(), address).toContain('the app');
      expect((await app.request(address, { method: 'HEAD' })).status).toBe(200);
    }
    expect((await app.request('/nothing')).status).toBe(404);
  });

  it('leaves the routes of programs alone', async () => {
    expect(await (await app.request('/models')).json()).toEqual({ object: 'list' });
    expect(await (await app.request('/api/nodes', asBrowser)).json()).toEqual({ nodes: [] });
    expect((await app.request('/models', { method: 'POST' })).status).toBe(404);
  });

  it('lets browsers keep files whose names change with their content', async () => {
    const hashed = await app.request('/_app/immutable/start.abc123.js');
    expect(hashed.headers.get('cache-control')).toContain('immutable');
    expect(hashed.headers.get('content-type')).toContain('javascript');
    expect((await app.request('/theme.js')).headers.get('cache-control')).toBe('no-cache');
  });

  it('compresses a file once, however often it is asked for', async () => {
    const name = '/_app/immutable/start.abc123.js';
    const asking = { headers: { 'accept-encoding': 'gzip, br' } };
    const first = await app.request(name, asking);
    expect(first.headers.get('content-encoding')).toBe('gzip');
    expect(first.headers.get('content-type')).toContain('javascript');
    expect(first.headers.get('cache-control')).toContain('immutable');
    expect(gunzipSync(await first.arrayBuffer()).toString()).toBe('start()');
    // The name says that its content does not change, so nobody looks at the file again.
    await rm(path.join(directory, name));
    const again = await app.request(name, asking);
    expect(gunzipSync(await again.arrayBuffer()).toString()).toBe('start()');
  });

  it('takes the compressed copy that the build made of a large file', async () => {
    const name = '/_app/immutable/large.abc123.js';
    await writeFile(path.join(directory, `${name}.gz`), gzipSync('large()'));
    const response = await app.request(name, { headers: { 'accept-encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(await response.arrayBuffer()).toString()).toBe('large()');
  });

  it('gives the whole file, and says so, to who asks for parts of it', async () => {
    for (const range of ['bytes=0-1', 'bytes=0-1,3-4,0-']) {
      const response = await app.request('/_app/immutable/start.abc123.js', { headers: { range } });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('start()');
    }
  });

  it('does not answer with the page for a file that is gone', async () => {
    expect((await app.request('/_app/immutable/start.old.js', asBrowser)).status).toBe(404);
  });

  it('serves nothing outside its directory', async () => {
    expect((await app.request('/..%2f..%2fetc%2fhosts.txt')).status).toBe(404);
  });

  it('says what to do where the app was not built', async () => {
    await rm(path.join(directory, 'index.html'));
    const response = await app.request('/', asBrowser);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('npm run build');
  });
});
