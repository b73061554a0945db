import { randomBytes, randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import { peerJsConnector, silentLog, type DirectConnector, type PeerTransport } from '@potluck/worker';
import { echoAnswer, runPeerTransportTests } from '@potluck/worker/testing';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { cut, join, startHub, stopAll } from '../../../worker/testing/joinedAgents.ts';
import { startSignalling } from '../../testing/signallingProxy.ts';
import { cleanUpWebRtc, loadPeer } from './loadPeer.ts';

afterEach(stopAll);
afterAll(cleanUpWebRtc);

runPeerTransportTests('a data channel', async () => {
  const signalling = await startSignalling();
  const hub = await startHub({ upgrade: signalling.upgrade });
  const [low, high] = [randomUUID(), randomUUID()].sort().map((id) => WorkerId.parse(id)) as [
    WorkerId,
    WorkerId,
  ];
  const connectors = [low, high].map(() => peerJsConnector({ loadPeer, log: silentLog }));
  const accepted = Promise.withResolvers<PeerTransport>();
  for (const [index, workerId] of [low, high].entries()) {
    await connectors[index]?.start({
      hubUrl: hub.url,
      workerId,
      signalling: signalling.signalling,
      iceServers: [],
      onTransport: (_, transport) => accepted.resolve(transport),
    });
  }
  const first = (await connectors[0]?.connect(high, AbortSignal.timeout(20_000))) as PeerTransport;
  const second = await accepted.promise;
  return {
    first,
    second,
    cut: () => first.close(),
    dispose: async () => {
      for (const connector of connectors) connector.close();
      signalling.stop();
    },
  };
});

it('a connection outlives the deadline for connecting', async () => {
  const signalling = await startSignalling();
  const hub = await startHub({ upgrade: signalling.upgrade });
  const ids = [randomUUID(), randomUUID()].map((id) => WorkerId.parse(id)) as [WorkerId, WorkerId];
  const connectors = ids.map(() => peerJsConnector({ loadPeer, log: silentLog }));
  const accepted = Promise.withResolvers<PeerTransport>();
  for (const [index, workerId] of ids.entries()) {
    await connectors[index]?.start({
      hubUrl: hub.url,
      workerId,
      signalling: signalling.signalling,
      iceServers: [],
      onTransport: (_, transport) => accepted.resolve(transport),
    });
  }
  const deadline = new AbortController();
  const first = (await connectors[0]?.connect(ids[1], deadline.signal)) as PeerTransport;
  const second = await accepted.promise;
  const closed = Promise.withResolvers<string>();
  first.listen({ onSlice: () => undefined, onClosed: closed.resolve });
  const arrived = Promise.withResolvers<string>();
  second.listen({ onSlice: () => arrived.resolve('arrived'), onClosed: closed.resolve });
  deadline.abort();
  void first.send(new Uint8Array([1]));
  expect(await Promise.race([arrived.promise, closed.promise])).toBe('arrived');
  for (const connector of connectors) connector.close();
  signalling.stop();
});

/** A connector whose connections the test can cut. */
function cuttable(): { connector: DirectConnector; transports: PeerTransport[] } {
  const inner = peerJsConnector({ loadPeer, log: silentLog });
  const transports: PeerTransport[] = [];
  const connector: DirectConnector = {
    start: (init) =>
      inner.start({
        ...init,
        onTransport: (peer, transport) => {
          transports.push(transport);
          init.onTransport(peer, transport);
        },
      }),
    async connect(peer, signal) {
      const transport = await inner.connect(peer, signal);
      transports.push(transport);
      return transport;
    },
    close: () => inner.close(),
  };
  return { connector, transports };
}

describe('workers on data channels', () => {
  it('go on over the relay, token for token, when the channel is lost, and come back to a new one', async () => {
    const signalling = await startSignalling();
    const welcome = { forceRelay: false, signalling: signalling.signalling };
    const hub = await startHub({ upgrade: signalling.upgrade, welcome });
    const [one, other] = [cuttable(), cuttable()];
    const first = await join(hub, {}, { connector: one.connector });
    const second = await join(hub, {}, { connector: other.connector });
    const workers = [first.worker, second.worker];
    const stages = cut(2, hub.addBlob(randomBytes(100)));
    const assigns = await hub.deploy(
      stages.map((stage, index) => ({ worker: workers[index] as never, stage })),
    );
    const isDirect = (report: { state: string }): boolean => report.state === 'direct';
    await first.worker.message('peer-report', isDirect);
    await second.worker.message('peer-report', isDirect);
    const { candidatePair } = await first.worker.message('peer-report', (report) => !!report.candidatePair);
    expect(candidatePair?.local).toEqual({
      type: 'host',
      address: expect.stringMatching(/^\S+:\d+$/) as string,
    });
    const prompt = Array.from({ length: 50 }, (_, index) => index);
    const answer = hub.generate(workers, assigns, prompt, { length: 1500 });
    await second.worker.message('token', ({ position }) => position > 400);
    one.transports[0]?.close();
    const { tokens } = await answer;
    expect(tokens).toEqual(echoAnswer(prompt, 6, 1500));
    const states = first.worker.messages.flatMap((message) =>
      message.type === 'peer-report' ? message.state : [],
    );
    expect(states).toContain('relayed');
    const reports = first.worker.messages.length;
    await first.worker.message(
      'peer-report',
      (report) =>
        report.state === 'direct' && first.worker.messages.indexOf(report) > states.indexOf('relayed'),
    );
    expect(reports).toBeGreaterThan(0);
    signalling.stop();
  });
});
