/** Node and a browser learn their addresses from the hub's STUN responder. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { RTCPeerConnection } from 'node-datachannel/polyfill';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { startStunServer, type StunServer } from '../hub/network/stun/stunServer.ts';
import { loadPeer } from '../packages/node-worker/src/web-rtc/loadPeer.ts';
import { startTurnServer } from './support/turnServer.ts';
import { launchTestBrowser } from './support/testBrowser.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startStun(): Promise<StunServer> {
  const server = await startStunServer({ logger: pino({ level: 'silent' }) }, { port: 0 });
  if (!server) throw new Error('it is off');
  closers.push(() => server.close());
  return server;
}

/** A router as far as one device goes: what it sends leaves by another port, and answers find their way back. */
async function startRouter(stunPort: number): Promise<{ inside: number; outside: number }> {
  const [inside, outside] = [createSocket('udp4'), createSocket('udp4')];
  for (const socket of [inside, outside]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    closers.push(() => socket.close());
  }
  inside.on('message', (datagram, device) => {
    outside.removeAllListeners('message');
    outside.on('message', (answer) => inside.send(answer, device.port, device.address));
    outside.send(datagram, stunPort, '127.0.0.1');
  });
  return { inside: inside.address().port, outside: outside.address().port };
}

test('a Node worker behind a router learns the address that the router gives it', async () => {
  const { port } = await startStun();
  const router = await startRouter(port);
  const connection = new RTCPeerConnection({
    iceServers: [{ urls: [`stun:127.0.0.1:${router.inside}`] }],
  }) as unknown as globalThis.RTCPeerConnection;
  closers.push(() => connection.close());
  const reflexive = new Promise<string>((resolve) => {
    connection.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate.includes('typ srflx')) resolve(candidate.candidate);
    };
  });
  connection.createDataChannel('any');
  await connection.setLocalDescription(await connection.createOffer());
  expect(await reflexive).toContain(` 127.0.0.1 ${router.outside} typ srflx`);
});

test('a Node worker gets an address at a TURN server, whatever signs its password has', async () => {
  const { url, username, credential, ...turn } = await startTurnServer();
  closers.push(() => turn[Symbol.asyncDispose]());
  await loadPeer();
  const connection = new globalThis.RTCPeerConnection({
    iceServers: [{ urls: [url], username, credential }],
    iceTransportPolicy: 'relay',
  });
  closers.push(() => connection.close());
  const relayed = new Promise<string>((resolve) => {
    connection.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate.includes('typ relay')) resolve(candidate.candidate);
    };
  });
  connection.createDataChannel('any');
  await connection.setLocalDescription(await connection.createOffer());
  expect(await relayed).toContain('typ relay');
});

test('a browser that hides its address behind a name learns it, for networks without multicast', async () => {
  const { port } = await startStun();
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  const address = own?.address ?? '127.0.0.1';
  await using browser = await launchTestBrowser();
  const page = await browser.newPage();
  const candidates = await page.evaluate(async (urls) => {
    const connection = new globalThis.RTCPeerConnection({ iceServers: [{ urls }] });
    const found: string[] = [];
    const gathered = new Promise<void>((resolve) => {
      connection.onicecandidate = ({ candidate }) =>
        candidate ? found.push(candidate.candidate) : resolve();
    });
    connection.createDataChannel('any');
    await connection.setLocalDescription();
    await gathered;
    return found;
  }, `stun:${address}:${port}`);
  expect(candidates).toContainEqual(expect.stringMatching(/\.local \d+ typ host/));
  expect(candidates).toContainEqual(
    expect.stringMatching(new RegExp(` ${address.replaceAll('.', '\\.')} \\d+ typ srflx`)),
  );
});
