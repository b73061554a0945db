/** What is wrong with a libSQL server, told by the errors of its clients; statements that fail are not its fault. */
import { hasCode } from '../errors/hasCode.ts';
import { messageOf } from '../errors/messageOf.ts';
import { rootOf } from '../errors/rootOf.ts';
import { systemCodeOf } from '../errors/systemCodeOf.ts';
import type { Problem } from './databaseThread.ts';

/** Code of a problem that passes: the server is away, or does not answer. */
const unreachableCode = 'SERVER_UNREACHABLE';
/** Code of a problem that stays until somebody changes something: a wrong token, or no libSQL server at all. */
const refusedCode = 'SERVER_REFUSED';

/** Thrown where a server gave no answer in time. */
export class LateError extends Error {
  override readonly name = 'LateError';

  constructor(deadlineMs: number) {
    super(`it gave no answer in ${deadlineMs / 1000} s`);
  }
}

/** True for the error of a server that is away, or does not answer. */
export function isUnreachable(error: unknown): boolean {
  return hasCode(error, (code) => code === unreachableCode);
}

const tooManyRequests = 429;

/** @returns undefined where the error is about the statement, in the words of SQLite */
export function serverProblem(error: unknown): Problem | undefined {
  const code = systemCodeOf(error);
  const root = rootOf(error);
  if (error instanceof LateError) return unreachable(error.message);
  if (isTimeout(root)) return unreachable('it gave no answer in time');
  if (code === 'SERVER_ERROR') return problemOfStatus(statusOf(root));
  if (code?.startsWith('AUTH_')) return refused('it refuses the token (--database-token)');
  if (code === 'HRANA_WEBSOCKET_ERROR' || code === 'HRANA_CLOSED_ERROR' || code === 'CLIENT_CLOSED')
    return unreachable(reasonOf(root));
  if (code === 'RESPONSE_TOO_LARGE')
    return {
      message:
        'an answer is longer than the server sends. Start sqld with --max-response-size 256MB --max-total-response-size 1GB',
      code,
    };
  if (code === 'HRANA_PROTO_ERROR' || root instanceof SyntaxError)
    return refused('what answers there is no libSQL server');
  // Of the network: `fetch failed`, with its cause.
  if (code === undefined && error instanceof Error) return unreachable(reasonOf(root));
  return undefined;
}

function problemOfStatus(status: number | undefined): Problem {
  if (status === 401 || status === 403) return refused('it refuses the token (--database-token)');
  if (status === undefined || status >= 500 || status === tooManyRequests)
    return unreachable(`it answers with HTTP ${status ?? 'errors'}`);
  return refused(`what answers there is no libSQL server: HTTP ${status}`);
}

const unreachable = (message: string): Problem => ({ message, code: unreachableCode });
const refused = (message: string): Problem => ({ message, code: refusedCode });

/** The system's code, such as ECONNREFUSED, rather than words with an address in them. */
function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return systemCodeOf(error) ?? /\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? message;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}
