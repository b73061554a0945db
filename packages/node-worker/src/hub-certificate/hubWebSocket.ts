/** A web socket to a hub that may have a certificate of its own, or lie behind a proxy. */
import { WebSocket as NodeWebSocket } from 'ws';
import { hubAgent } from './hubAgent.ts';
import { pinnedAt } from './pinnedHubs.ts';

/** A hub that does not answer a goodbye must not keep this process. */
const closeTimeoutMs = 2000;

/** Like the browser's WebSocket. */
export class HubWebSocket extends NodeWebSocket {
  constructor(url: string) {
    const agent = hubAgent(url);
    const options = {
      ca: pinnedAt(url),
      perMessageDeflate: false,
      closeTimeout: closeTimeoutMs,
      ...(agent && { agent }),
    };
    super(url, options);
    // A browser's socket without a listener for errors just closes.
    this.on('error', () => undefined);
  }
}
