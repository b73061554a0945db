/**
 * Slices through the hub's web socket. The socket says nothing about what the peer has taken, so the sender marks the
 * stream with pings, and waits when too many of them are unanswered: neither the hub nor the peer has to hold much.
 */
import { encodeRelay, type WorkerId } from '@potluck/protocol';
import { decodeLinkMessage, encodeLinkMessage, isLinkMessage } from './linkMessages.ts';
import type { PeerTransport } from './peerTransport.ts';
import { TransportState } from './transportState.ts';

/** A mark is sent after so many bytes. */
const markEveryBytes = 256 * 1024;
/** Unanswered marks at which the sender waits: about 1 MiB under way. */
const maxUnansweredMarks = 4;
/** Marks are pings with numbers from here on; a link's own pings are below. */
export const firstMarkNumber = 0x80000000;

/** What the agent feeds with relayed slices and ends when the hub is gone. */
export interface RelayTransport extends PeerTransport {
  readonly closed: boolean;
  receive(slice: Uint8Array<ArrayBuffer>): void;
  end(reason: string): void;
}

/**
 * @param sendBinary hands a message to the hub's socket; false where there is none
 */
export function relayTransport(
  peer: WorkerId,
  sendBinary: (message: Uint8Array<ArrayBuffer>) => boolean,
): RelayTransport {
  const state = new TransportState();
  let bytesSinceMark = 0;
  let marks = 0;
  let answeredMarks = 0;

  function hand(slice: Uint8Array<ArrayBuffer>): void {
    if (!state.isClosed && sendBinary(encodeRelay(peer, slice))) return;
    state.end('the hub is not connected');
    state.mustBeOpen();
  }

  function takeMark(slice: Uint8Array<ArrayBuffer>): boolean {
    if (!isLinkMessage(slice)) return false;
    const message = decodeLinkMessage(slice);
    if (message.kind !== 'pong' || message.number < firstMarkNumber) return false;
    answeredMarks = Math.max(answeredMarks, Math.min(marks, message.number - firstMarkNumber));
    if (marks - answeredMarks < maxUnansweredMarks) state.giveRoom();
    return true;
  }

  return {
    kind: 'relayed',
    get closed() {
      return state.isClosed;
    },
    listen: (events) => state.listen(events),
    send(slice) {
      hand(slice);
      bytesSinceMark += slice.byteLength;
      if (bytesSinceMark >= markEveryBytes) {
        bytesSinceMark = 0;
        marks++;
        hand(encodeLinkMessage({ kind: 'ping', number: firstMarkNumber + marks, receivedNext: 0 }));
      }
      return marks - answeredMarks < maxUnansweredMarks ? undefined : state.waitForRoom();
    },
    receive(slice) {
      if (!takeMark(slice)) state.take(slice);
    },
    end: (reason) => state.end(reason),
    close: () => state.end('closed by this worker'),
  };
}
