import { decodeRelay, WorkerId } from '@potluck/protocol';
import { runPeerTransportTests } from '../../testing/peerTransportTests.ts';
import { decodeLinkMessage, encodeLinkMessage, isLinkMessage } from './linkMessages.ts';
import { relayTransport, type RelayTransport } from './relayTransport.ts';

const ids = [1, 2].map((digit) => WorkerId.parse(`00000000-0000-4000-8000-00000000000${digit}`));

runPeerTransportTests('relay', async () => {
  const ends: RelayTransport[] = [];
  // What a hub does (pass the slice on), and what a link does (answer pings).
  const carry = (from: number, to: number) => (message: Uint8Array<ArrayBuffer>) => {
    const slice = decodeRelay(message).slice.slice();
    queueMicrotask(() => {
      const ping = isLinkMessage(slice) ? decodeLinkMessage(slice) : undefined;
      if (ping?.kind === 'ping') {
        queueMicrotask(() => ends[from]?.receive(encodeLinkMessage({ ...ping, kind: 'pong' })));
      } else ends[to]?.receive(slice);
    });
    return true;
  };
  const first = relayTransport(ids[1] as WorkerId, carry(0, 1));
  const second = relayTransport(ids[0] as WorkerId, carry(1, 0));
  ends.push(first, second);
  return {
    first,
    second,
    cut() {
      for (const end of ends) end.end('the hub is gone');
    },
  };
});
