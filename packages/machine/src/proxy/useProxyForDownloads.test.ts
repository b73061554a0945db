import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { proxySettings } from './proxySettings.ts';
import { useProxyForDownloads } from './useProxyForDownloads.ts';

const servers: Server[] = [];
let undo: (() => void) | undefined;
afterEach(() => {
  undo?.();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('downloads go through the proxy, but for this machine and what NO_PROXY names', async () => {
  const port = await listen(
    createServer((request, response) => response.end(`hello ${request.headers.host}`)),
  );
  const asked: (string | undefined)[] = [];
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(request.url);
    const onward = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    onward.pipe(socket).pipe(onward);
    onward.on('error', () => undefined).on('close', () => socket.destroy());
    socket.on('error', () => undefined).on('close', () => onward.destroy());
  });
  const url = `127.0.0.1:${await listen(proxy)}`;
  undo = useProxyForDownloads(proxySettings({ HTTP_PROXY: url, NO_PROXY: 'example.invalid' }));
  const textAt = async (target: string): Promise<string> => (await fetch(target)).text();
  expect(await textAt('http://models.example.org/file')).toBe('hello models.example.org');
  for (const host of ['127.0.0.1', 'localhost']) {
    expect(await textAt(`http://${host}:${port}/`)).toBe(`hello ${host}:${port}`);
  }
  for (const host of ['example.invalid', 'www.example.invalid']) {
    await expect(textAt(`http://${host}/`)).rejects.toThrow('fetch failed');
  }
  expect(asked).toEqual(['models.example.org:80']);
  undo();
  await expect(textAt('http://models.example.invalid/')).rejects.toThrow('fetch failed');
  expect(asked).toHaveLength(1);
});
