import { encodeRelay, WorkerId, type FromWorkerMessage, type Welcome } from '@potluck/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log.ts';
import { callAgainDelayMs } from './callUntilConnected.ts';
import type { DirectConnector } from './directConnector.ts';
import { encodeLinkMessage } from './linkMessages.ts';
import { memoryTransportPair, type MemoryTransport } from './memoryTransport.ts';
import { PeerLinks } from './peerLinks.ts';

const [self, peer] = [1, 2].map((digit) => WorkerId.parse(`00000000-0000-4000-8000-00000000000${digit}`)) as [
  WorkerId,
  WorkerId,
];

const opened: PeerLinks[] = [];
afterEach(() => {
  for (const links of opened.splice(0)) links.close();
});

/** More tries than this in one turn of the event loop would go on for ever. */
const tooManyTries = 500;

interface World {
  links: PeerLinks;
  /** What was tried, in the order of trying. */
  tries: ('relay' | 'direct')[];
  states: string[];
  /** Turned by the test. */
  hub: { isHere: boolean };
  welcome: (forceRelay: boolean) => void;
  lose: () => void;
  /** Resolves when the link is in this state, for the first time or again. */
  becomes: (state: string) => Promise<void>;
}

/**
 * Links of one worker, with a hub and WebRTC that the test breaks.
 * @param connect makes a direct connection, where there is a hub for the signalling; undefined for no WebRTC
 */
function openLinks(connect: DirectConnector['connect'] | undefined): World {
  const tries: World['tries'] = [];
  const states: string[] = [];
  const waiting: { state: string; resolve: () => void }[] = [];
  const hub = { isHere: true };
  const note = (kind: World['tries'][0]): void => {
    tries.push(kind);
    // Where it spins, it must end: nothing else in this process would have a turn.
    if (tries.length > tooManyTries) throw new Error('it spins');
  };
  const connector: DirectConnector = {
    start: async () => undefined,
    connect: (to, signal) => {
      note('direct');
      return connect && hub.isHere
        ? connect(to, signal)
        : Promise.reject(new Error('signalling is not there'));
    },
    close: () => undefined,
  };
  const links = new PeerLinks(
    {
      hub: {
        send(message: FromWorkerMessage) {
          if (message.type !== 'peer-report') return;
          states.push(message.state);
          for (const { state, resolve } of waiting) if (state === message.state) resolve();
        },
        sendBinary() {
          note('relay');
          return hub.isHere;
        },
      },
      connector: connect && connector,
      log: silentLog,
    },
    { hubUrl: 'http://hub', workerId: self, isIdle: () => false },
    { onFrame: () => undefined, onBroken: () => undefined },
  );
  opened.push(links);
  return {
    links,
    tries,
    states,
    hub,
    welcome(forceRelay) {
      hub.isHere = true;
      links.onWelcome({ forceRelay, iceServers: [], signalling: {} } as unknown as Welcome);
    },
    lose() {
      hub.isHere = false;
      links.onHubLost();
    },
    becomes: (state) => new Promise((resolve) => waiting.push({ state, resolve })),
  };
}

/** Time for what is tried at once, and not for what waits. */
const someTurns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('a worker that loses the hub and a peer in one moment', () => {
  it.each(['the hub first', 'the peer first'])(
    'waits for the hub where it had a direct connection: %s',
    async (order) => {
      const ends: MemoryTransport[] = [];
      const { links, tries, hub, lose, welcome, becomes } = openLinks(async () => {
        const [here, there] = memoryTransportPair();
        ends.push(there);
        return here;
      });
      welcome(false);
      const direct = becomes('direct');
      links.want(new Set([peer]));
      await direct;
      const lost = becomes('lost');
      tries.length = 0;
      if (order === 'the hub first') lose();
      else hub.isHere = false;
      ends[0]?.cut('the machine is gone');
      await lost;
      lose();
      await someTurns();
      expect(tries.length).toBeLessThan(3);
      tries.length = 0;
      const back = becomes('relayed');
      welcome(false);
      await back;
      expect(tries).toContain('direct');
    },
  );

  it('waits for the hub where it was relayed', async () => {
    const { links, tries, lose, welcome, becomes, states } = openLinks(undefined);
    welcome(true);
    links.want(new Set([peer]));
    expect(states.at(-1)).toBe('relayed');
    tries.length = 0;
    lose();
    await someTurns();
    expect(states.at(-1)).toBe('lost');
    expect(tries).toEqual([]);
    const back = becomes('relayed');
    welcome(true);
    await back;
  });

  it('takes the relay at once where only the direct connection is lost', async () => {
    const ends: MemoryTransport[] = [];
    const { links, welcome, becomes } = openLinks(async () => {
      const [here, there] = memoryTransportPair();
      ends.push(there);
      return here;
    });
    welcome(false);
    const direct = becomes('direct');
    links.want(new Set([peer]));
    await direct;
    const relayed = becomes('relayed');
    ends[0]?.cut('a cable was pulled');
    await relayed;
  });

  it('leaves time between tries of a hub that takes nothing', async () => {
    const { links, tries, hub, welcome } = openLinks(undefined);
    hub.isHere = false;
    links.onWelcome({ forceRelay: true, iceServers: [], signalling: {} } as unknown as Welcome);
    links.want(new Set([peer]));
    await someTurns();
    expect(tries.length).toBeLessThan(3);
    welcome(true);
    // What the peer says by the relay is heard all the same.
    links.receiveRelay(encodeRelay(peer, encodeLinkMessage({ kind: 'ping', number: 1, receivedNext: 0 })));
    expect(links.refusedMessages).toBe(0);
  });
});

it('a connection that dies as soon as it is there is not made again at once', async () => {
  const { links, tries, welcome } = openLinks(async () => {
    const [here, there] = memoryTransportPair();
    here.listen({ onSlice: () => undefined, onClosed: () => undefined });
    there.cut('refused');
    return here;
  });
  welcome(false);
  links.want(new Set([peer]));
  await someTurns();
  expect(tries.filter((kind) => kind === 'direct').length).toBeLessThan(3);
});

it('calls a peer soon after the first failures, then ever less often', () => {
  expect([1, 8, 9, 10, 13, 1000].map(callAgainDelayMs)).toEqual([250, 250, 5000, 10_000, 60_000, 60_000]);
});
