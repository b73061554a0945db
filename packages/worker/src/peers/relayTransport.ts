/**
 * Slices through the hub's web socket. The socket says nothing about what the peer has taken, so the sender marks the
 * stream with pings, and waits when too many of them are unanswered: neither the hub nor the peer has to hold much.
 */
import { encodeRelay, type WorkerId } from '@potluck/protocol';
import { deferred, type Deferred } from '../deferred.ts';
import { TransportClosedError } from '../errors.ts';
import { decodeLinkMessage, encodeLinkMessage, isLinkMessage } from './linkMessages.ts';
import type { PeerTransport, PeerTransportEvents } from './peerTransport.ts';

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
  let events: PeerTransportEvents | undefined;
  let closedReason: string | undefined;
  let room: Deferred<void> | undefined;
  let bytesSinceMark = 0;
  let marks = 0;
  let answeredMarks = 0;

  function end(reason: string): void {
    if (closedReason !== undefined) return;
    closedReason = reason;
    room?.reject(new TransportClosedError(reason));
    events?.onClosed(reason);
  }

  function hand(slice: Uint8Array<ArrayBuffer>): void {
    if (closedReason === undefined && sendBinary(encodeRelay(peer, slice))) return;
    end('the hub is not connected');
    throw new TransportClosedError(closedReason);
  }

  function takeMark(slice: Uint8Array<ArrayBuffer>): boolean {
    if (!isLinkMessage(slice)) return false;
    const message = decodeLinkMessage(slice);
    if (message.kind !== 'pong' || message.number < firstMarkNumber) return false;
    answeredMarks = Math.max(answeredMarks, Math.min(marks, message.number - firstMarkNumber));
    if (marks - answeredMarks < maxUnansweredMarks) {
      room?.resolve();
      room = undefined;
    }
    return true;
  }

  return {
    kind: 'relayed',
    get closed() {
      return closedReason !== undefined;
    },
    listen(listener) {
      events = listener;
      if (closedReason !== undefined) listener.onClosed(closedReason);
    },
    send(slice) {
      hand(slice);
      bytesSinceMark += slice.byteLength;
      if (bytesSinceMark >= markEveryBytes) {
        bytesSinceMark = 0;
        marks++;
        hand(encodeLinkMessage({ kind: 'ping', number: firstMarkNumber + marks, receivedNext: 0 }));
      }
      if (marks - answeredMarks < maxUnansweredMarks) return undefined;
      return (room ??= deferred<void>()).promise;
    },
    receive(slice) {
      if (!takeMark(slice)) events?.onSlice(slice);
    },
    end,
    close: () => end('closed by this worker'),
  };
}
