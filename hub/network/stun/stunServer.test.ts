import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { iceServers } from './iceServers.ts';
import { startStunServer, type StunServer } from './stunServer.ts';

const logger = pino({ level: 'silent' });
const servers: StunServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(init: Parameters<typeof startStunServer>[1]): Promise<StunServer> {
  const server = await startStunServer({ logger }, init);
  if (!server) throw new Error('it is off');
  servers.push(server);
  return server;
}

test('a socket learns its own address, after any rubbish', async () => {
  const { port } = await start({ port: 0 });
  const client = createSocket('udp4');
  client.bind(0, '127.0.0.1');
  await once(client, 'listening');
  client.send('rubbish', port, '127.0.0.1');
  client.send(Buffer.from('000100002112a442000000000000000000000000', 'hex'), port, '127.0.0.1');
  const [answer] = (await once(client, 'message')) as [Buffer];
  expect(answer.readUInt16BE(0)).toBe(0x0101);
  expect(answer.readUInt16BE(26) ^ 0x2112).toBe(client.address().port);
  expect((answer.readUInt32BE(28) ^ 0x2112a442) >>> 0).toBe(0x7f000001);
  client.close();
});

test('a port that is taken is named; one that nobody asked for is replaced', async () => {
  const { port } = await start({ port: 0, host: '127.0.0.1' });
  await expect(startStunServer({ logger }, { port, host: '127.0.0.1' })).rejects.toThrow(
    new RegExp(`UDP port ${port} can't be used for STUN.*--stun-port`),
  );
  const first = await start({ host: '127.0.0.1' });
  const second = await start({ host: '127.0.0.1' });
  expect(second.port).not.toBe(first.port);
  expect(await startStunServer({ logger }, { port: 'off' })).toBeUndefined();
});

test('workers are sent to the hub where they reach it, and to the TURN servers of the configuration', () => {
  expect(iceServers({ stunPort: 3478 }, 'hub.local:8443')).toEqual([{ urls: ['stun:hub.local:3478'] }]);
  expect(iceServers({ stunPort: 3478 }, '[fd00::2]:8443')).toEqual([{ urls: ['stun:[fd00::2]:3478'] }]);
  expect(iceServers({ stunPort: 3478 }, 'no host')).toEqual([]);
  expect(iceServers({ stunPort: 3478 }, undefined)).toEqual([]);
  const turn = ['turn:turn.example.org:3478', 'turns:turn.example.org:443?transport=tcp'];
  expect(iceServers({ turn, turnUsername: 'me', turnCredential: 'secret' }, 'hub.local')).toEqual([
    { urls: turn, username: 'me', credential: 'secret' },
  ]);
});
