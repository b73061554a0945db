/** Messages of the PeerJS server protocol, as the `peerjs` client 1.5 sends and reads them. */
import { z } from 'zod';

/** Longest message in characters: a session description with many candidates has about 10 kB. */
export const maxSignallingCharacters = 64 * 1024;

/** What a client may send. `payload` passes through the server unread. */
const ClientMessage = z.object({
  type: z.enum(['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE', 'HEARTBEAT']),
  dst: z.string().max(100).optional(),
  payload: z.unknown().optional(),
});
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
