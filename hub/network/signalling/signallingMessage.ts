/** Messages of the PeerJS server protocol, as the `peerjs` client 1.5 sends and reads them. */
import { z } from 'zod';

/** Longest message in characters: a session description with many candidates has about 10 kB. */
const maxSignallingCharacters = 64 * 1024;

const Destination = z.string().max(100);
const connection = { type: z.literal('data'), connectionId: z.string().max(100) };

/**
 * What a client may send. Payloads are checked as far as the client at the other end relies on them: it would throw
 * where nobody catches, and take its process along.
 */
const ClientMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('OFFER'),
    dst: Destination,
    payload: z.looseObject({
      ...connection,
      serialization: z.literal('raw'),
      sdp: z.object({ type: z.literal('offer'), sdp: z.string() }),
    }),
  }),
  z.object({
    type: z.literal('ANSWER'),
    dst: Destination,
    payload: z.looseObject({
      ...connection,
      sdp: z.object({ type: z.literal('answer'), sdp: z.string() }),
    }),
  }),
  z.object({
    type: z.literal('CANDIDATE'),
    dst: Destination,
    payload: z.looseObject({ ...connection, candidate: z.looseObject({ candidate: z.string() }) }),
  }),
  z.object({ type: z.enum(['LEAVE', 'EXPIRE']), dst: Destination.optional() }),
  z.object({ type: z.literal('HEARTBEAT') }),
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

/** What the server sends: an answer of its own, or a client's message with its sender. */
export type ServerMessage =
  | { type: 'OPEN' }
  | { type: 'ID-TAKEN' | 'INVALID-KEY' | 'ERROR'; payload: { msg: string } }
  | { type: ClientMessage['type']; src: string; dst: string; payload?: unknown };

/** @returns undefined if the text is no message that a client may send */
export function decodeClientMessage(text: string): ClientMessage | undefined {
  if (text.length > maxSignallingCharacters) return undefined;
  try {
    return ClientMessage.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
