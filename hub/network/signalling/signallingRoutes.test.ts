import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import type { DataConnection, Peer } from 'peerjs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { listen, type Listening } from '../listen.ts';
import { SignallingRoom } from './signallingRoom.ts';
import { signallingRoutes } from './signallingRoutes.ts';

let room: SignallingRoom;
let listening: Listening;
const tokens = new Map<string, string>();

beforeEach(async () => {
  room = new SignallingRoom();
  const app = new Hono().route(
    '/peerjs',
    signallingRoutes({ room, mayEnter: (id, token) => tokens.get(id) === token }),
  );
  listening = await listen((request, environment) => app.fetch(request, environment), 0, '127.0.0.1');
});
afterEach(async () => {
  room.stop();
  await listening.close();
});

function newId(): string {
  const id = randomUUID();
  tokens.set(id, `token of ${id}`);
  return id;
}

/** First message of a signalling socket. */
async function enter(id: string, token: string, key = 'peerjs'): Promise<unknown> {
  const query = new URLSearchParams({ id, token, key });
  const socket = new WebSocket(`ws://127.0.0.1:${listening.port}/peerjs/peerjs?${query}`);
  return new Promise((resolve, reject) => {
    socket.on('message', (data: Buffer) => resolve(JSON.parse(data.toString())));
    socket.on('error', reject);
  });
}

test('two real PeerJS clients open a data channel', async () => {
  const polyfill = (await import('node-datachannel/polyfill')) as unknown as Record<string, unknown>;
  for (const name of ['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate']) {
    vi.stubGlobal(name, polyfill[name]);
  }
  // Node sees CommonJS with everything under default; Vitest takes it apart.
  const module = (await import('peerjs')) as unknown as {
    Peer?: typeof Peer;
    default: { Peer: typeof Peer };
  };
  const PeerClass = module.Peer ?? module.default.Peer;
  const open = async (): Promise<Peer> => {
    const id = newId();
    const peer = new PeerClass(id, {
      host: '127.0.0.1',
      port: listening.port,
      path: '/peerjs',
      secure: false,
      token: tokens.get(id) ?? '',
      config: { iceServers: [] },
      debug: 0,
    });
    await new Promise<void>((resolve, reject) => {
      peer.on('open', () => resolve());
      peer.on('error', reject);
    });
    return peer;
  };
  const [one, other] = await Promise.all([open(), open()]);
  const received = new Promise<unknown>((resolve) => {
    other.on('connection', (connection: DataConnection) => connection.on('data', resolve));
  });
  // One in thirty connections of libdatachannel on one machine fails at once; see peerJsConnector.ts.
  const connect = (attempts: number): void => {
    const connection = one.connect(other.id, { serialization: 'raw' });
    let failed = false;
    const again = (): void => {
      if (failed || attempts === 1 || one.disconnected) return;
      failed = true;
      connect(attempts - 1);
    };
    connection.on('open', () => void connection.send('hello'));
    connection.on('close', again);
    connection.on('error', again);
    const { peerConnection } = connection;
    peerConnection.addEventListener('connectionstatechange', () => {
      if (['failed', 'closed', 'disconnected'].includes(peerConnection.connectionState)) again();
    });
  };
  connect(5);
  expect(await received).toBe('hello');
  one.destroy();
  other.destroy();
});

test('an unknown id, a wrong token and a wrong key are refused', async () => {
  const id = newId();
  expect(await enter(id, 'wrong')).toMatchObject({ type: 'ERROR' });
  expect(await enter(randomUUID(), 'any')).toMatchObject({ type: 'ERROR' });
  expect(await enter(id, tokens.get(id) ?? '', 'other')).toMatchObject({ type: 'INVALID-KEY' });
  expect(await enter(id, tokens.get(id) ?? '')).toEqual({ type: 'OPEN' });
});

test('the server draws ids for those who have none', async () => {
  const answer = await fetch(`http://127.0.0.1:${listening.port}/peerjs/peerjs/id`);
  expect(await answer.text()).toMatch(/^[0-9a-f-]{36}$/);
});
