/**
 * Peer slices through the hub: binary messages on the control socket. 16 bytes of worker id, then one slice.
 * On the way to the hub the id names the receiver; the hub writes the sender's in its place.
 */
import { ProtocolError } from './errors.ts';
import { readUuid, writeUuid } from './frame.ts';
import { WorkerId } from './ids.ts';
import { maxSliceBytes } from './slices.ts';

const idBytes = 16;
/** Longest relayed message in bytes. */
export const maxRelayMessageBytes = idBytes + maxSliceBytes;

/** @returns the message that carries `slice` to (or, from the hub, from) `peer` */
export function encodeRelay(peer: WorkerId, slice: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(idBytes + slice.byteLength);
  writeUuid(message, 0, peer);
  message.set(slice, idBytes);
  return message;
}

/** @throws ProtocolError if the message is too short or too long */
export function decodeRelay(message: Uint8Array): { peer: WorkerId; slice: Uint8Array } {
  if (message.byteLength <= idBytes || message.byteLength > maxRelayMessageBytes) {
    throw new ProtocolError(`relayed message of ${message.byteLength} bytes`);
  }
  return { peer: WorkerId.parse(readUuid(message, 0)), slice: message.subarray(idBytes) };
}
