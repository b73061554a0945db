import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { HubClient, SilentHubError } from './hubClient.ts';

test('a hub that takes the connection and says nothing is given up, and one that answers is not', async () => {
  const server = createServer((request, response) => {
    if (request.url !== '/api/silent') response.end('{"status":"waiting"}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new HubClient({ hub: `http://127.0.0.1:${port}` });
  try {
    const asked = client.ask('GET', '/silent', undefined, 50);
    await expect(asked).rejects.toThrow(SilentHubError);
    await expect(asked).rejects.toThrow(
      `The hub at http://127.0.0.1:${port} does not answer: it said nothing`,
    );
    expect(await client.ask('GET', '/any', undefined, 60_000)).toEqual({ status: 'waiting' });
    expect(await client.health(60_000)).toEqual({ status: 'waiting' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
  expect(await client.health(60_000)).toBeUndefined();
});
