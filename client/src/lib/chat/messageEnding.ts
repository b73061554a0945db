/** How an answer ended, and how sure the model was of its words, for copies of the answer. */
import type { Message } from '@potluck/api';
import type { LikelyToken } from '@potluck/api/likely-tokens';
import { fieldsOf, textOf } from './fields.ts';

const endings = ['stopped', 'failed', 'interrupted'] as const;
/** Of a longer answer, it is not kept how sure the model was. */
export const mostTokens = 2000;
const mostOthers = 4;
/** As the hub takes them, in characters. */
const longest = { error: 10_000, token: 1000 };

/** What is left out is as usual. */
export interface Ending {
  status?: Exclude<Message['status'], 'streaming'>;
  error?: string;
  tokens?: NonNullable<Message['tokens']>;
}

/** What a copy of a message says of its end. A copy of an answer that is being written ends where that is now. */
export function endingOf({ status, error, tokens }: Pick<Message, 'status' | 'error' | 'tokens'>): Ending {
  return {
    ...(status === 'done' || status === undefined
      ? {}
      : { status: status === 'streaming' ? 'stopped' : status }),
    ...(error ? { error } : {}),
    ...(tokens ? { tokens } : {}),
  };
}

/** The same from a file: what is not as the hub takes it is left out. */
export function readEnding({ status, error, tokens }: Record<string, unknown>): Ending {
  const known = endings.find((one) => one === status);
  const words = textOf(error, longest.error);
  const sure = Array.isArray(tokens) && tokens.length <= mostTokens ? tokens.map(readToken) : [];
  return {
    ...(known ? { status: known } : {}),
    ...(words ? { error: words } : {}),
    ...(sure.length > 0 && sure.every((one) => one !== undefined) ? { tokens: sure } : {}),
  };
}

function readToken(value: unknown): LikelyToken | undefined {
  const { others } = fieldsOf(value);
  const own = readChoice(value);
  const beside = Array.isArray(others) ? others.slice(0, mostOthers).map(readChoice) : [];
  return own && { ...own, others: beside.filter((one) => one !== undefined) };
}

function readChoice(value: unknown): Omit<LikelyToken, 'others'> | undefined {
  const { text, probability } = fieldsOf(value);
  if (typeof text !== 'string' || text.length > longest.token) return undefined;
  if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) return undefined;
  return { text, probability };
}
