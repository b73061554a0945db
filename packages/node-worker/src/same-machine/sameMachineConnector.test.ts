import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { WorkerId } from '@potluck/protocol';
import { silentLog, type DirectConnector, type PeerTransport } from '@potluck/worker';
import { runPeerTransportTests } from '@potluck/worker/testing';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../testing/temporaryDirectory.ts';
import { sameMachineConnector } from './sameMachineConnector.ts';
import { socketPath, socketsDirectory } from './socketsDirectory.ts';

const elsewhere = new Error('only elsewhere');

/** A worker of this machine. @param before what happens between its start and the hub's welcome */
async function joined(directory: string, before?: (id: WorkerId) => void) {
  const id = WorkerId.parse(randomUUID());
  const came = Promise.withResolvers<[WorkerId, PeerTransport]>();
  const others: DirectConnector = {
    start: () => Promise.resolve(),
    connect: () => Promise.reject(elsewhere),
    close: () => undefined,
  };
  const place = async (): Promise<string> => directory;
  const connector = await sameMachineConnector({ others, log: silentLog, directory: place }, id);
  before?.(id);
  await connector.start({
    ...{ hubUrl: 'http://hub', workerId: id, iceServers: [], signalling: { path: '', key: '', token: '' } },
    onTransport: (...transport) => came.resolve(transport),
  });
  return { id, connector, came: came.promise };
}

const anySignal = (): AbortSignal => AbortSignal.timeout(30_000);

runPeerTransportTests('a socket of this machine', async () => {
  const directory = await temporaryDirectory('potluck-sockets-');
  const [one, other] = [await joined(directory.path), await joined(directory.path)];
  const first = await one.connector.connect(other.id, anySignal());
  const [peer, second] = await other.came;
  expect(peer).toBe(one.id);
  return {
    ...{ first, second, cut: () => first.close() },
    dispose: async () => {
      for (const { connector } of [one, other]) connector.close();
      await directory[Symbol.asyncDispose]();
    },
  };
});

test('a worker that is elsewhere is reached as without sockets, also where a killed one left its own', async () => {
  await using directory = await temporaryDirectory('potluck-sockets-');
  const one = await joined(directory.path);
  const absent = WorkerId.parse(randomUUID());
  await expect(one.connector.connect(absent, anySignal())).rejects.toBe(elsewhere);
  one.connector.close();
  await expect.poll(() => readdir(directory.path)).toEqual([]);
});

test('a worker that the hub has told of is reached by its socket, also before its own welcome is read', async () => {
  await using directory = await temporaryDirectory('potluck-sockets-');
  const one = await joined(directory.path);
  let connecting: Promise<PeerTransport> | undefined;
  const other = await joined(directory.path, (id) => {
    connecting = one.connector.connect(id, anySignal());
  });
  await connecting;
  expect((await other.came)[0]).toBe(one.id);
  for (const { connector } of [one, other]) connector.close();
});

test('who means another worker, or says no id, is not let in', async () => {
  await using directory = await temporaryDirectory('potluck-sockets-');
  const one = await joined(directory.path);
  for (const greeting of [randomUUID() + randomUUID(), `${'x'.repeat(36)}${one.id}`]) {
    const socket = connect(socketPath(directory.path, one.id));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    socket.write(greeting);
    await closed;
  }
  const another = await joined(directory.path);
  await another.connector.connect(one.id, anySignal());
  expect((await one.came)[0]).toBe(another.id);
  for (const { connector } of [one, another]) connector.close();
});

test('the folder of sockets is its user’s alone, or none is used', async () => {
  await using directory = await temporaryDirectory('potluck-sockets-');
  const found = await socketsDirectory(directory.path);
  expect(found).toBe(join(directory.path, `potluck-${process.getuid?.()}`));
  await chmod(found ?? '', 0o755);
  expect(await socketsDirectory(directory.path)).toBeUndefined();
  const long = join(directory.path, 'x'.repeat(60));
  await mkdir(long);
  expect(await socketsDirectory(long)).toBeUndefined();
});
