import { runPeerTransportTests } from '../../testing/peerTransportTests.ts';
import { memoryTransportPair } from './memoryTransport.ts';

for (const latencyMs of [0, 1]) {
  runPeerTransportTests(`memory with ${latencyMs} ms of latency`, async () => {
    const [first, second] = memoryTransportPair({ latencyMs });
    return { first, second, cut: () => first.cut('unplugged') };
  });
}
