/** Most of what a hub gets are tokens with nothing else to say, so these are read without the schemas, which cost several times as much. */
import { uuidPattern, type SessionId } from './ids.ts';
import type { TokenMessage } from './sessionMessages.ts';

const start = '{"type":"token",';
/** Longer than any such message. So short a text can't be expensive to parse, whatever is in it. */
const mostCharacters = 240;

/** @returns undefined for every other message, and for whatever is not exactly what `TokenMessage` takes: the schemas say what is wrong */
export function readPlainToken(text: string): TokenMessage | undefined {
  if (text.length > mostCharacters || !text.startsWith(start)) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { type, sessionId, epoch, position, token } = value;
  const isPlain =
    type === 'token' &&
    typeof sessionId === 'string' &&
    uuidPattern.test(sessionId) &&
    isCount(epoch) &&
    isCount(position) &&
    isCount(token);
  if (!isPlain || Object.keys(value).length !== 5) return undefined;
  return { type, sessionId: sessionId as SessionId, epoch, position, token };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
