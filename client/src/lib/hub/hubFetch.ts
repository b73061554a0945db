/** The one door from the app to the hub. */
import { HubError, HubUnreachableError } from './errors.ts';
import { fromHub } from './fromHub.ts';
import { hubPath } from './hubUrl.ts';

/** Where a browser says who it is: a secret that is wrong there says nothing of the session that it has. */
const doors = ['/api/session', '/api/invites/accept'];

let refused = (): void => undefined;

/** Names what is called whenever the hub wants to know who asks. */
export function whenRefused(call: () => void): void {
  refused = call;
}

/**
 * Asks the hub. Cookies tell it who asks.
 * @throws HubError if it answers with an error, HubUnreachableError if it does not answer; an abort passes as it is
 */
export async function hubFetch(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(hubPath(path), init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new HubUnreachableError({ cause });
  }
  if (response.ok) return response;
  const error = await readError(response);
  if (!error.wantsKey || doors.some((door) => path.startsWith(door))) throw error;
  refused();
  // What the hub says is for programs: it tells of keys and headers.
  const words = 'You are signed out. Sign in, or ask for a new invite.';
  throw new HubError(words, error.status, error.code);
}

/** Asks for JSON. The hub is our own: its answers are taken as their types say. */
export async function hubJson<Answer>(path: string, init?: RequestInit): Promise<Answer> {
  const response = await hubFetch(path, init);
  return (await response.json()) as Answer;
}

/** Sends a value as JSON. */
export async function hubSend<Answer>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await hubFetch(path, {
    method,
    ...(signal && { signal }),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}

async function readError(response: Response): Promise<HubError> {
  const text = await response.text().catch(() => '');
  try {
    const { error } = JSON.parse(text) as { error: { message: string; code?: string | null } };
    return new HubError(fromHub(error.message), response.status, error.code ?? undefined);
  } catch {
    return new HubError(`The hub answered ${response.status} ${response.statusText}.`, response.status);
  }
}
