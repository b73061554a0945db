/** A web socket to a hub that may have a certificate of its own. */
import { WebSocket as NodeWebSocket } from 'ws';
import { pinnedAt } from './pinnedHubs.ts';

/** A hub that does not answer a goodbye must not keep this process. */
const closeTimeoutMs = 2000;

/** Like the browser's WebSocket. */
export class HubWebSocket extends NodeWebSocket {
  constructor(url: string) {
    const options = { ca: pinnedAt(url), perMessageDeflate: false, closeTimeout: closeTimeoutMs };
    super(url, options);
    // A browser's socket without a listener for errors just closes.
    this.on('error', () => undefined);
  }
}
