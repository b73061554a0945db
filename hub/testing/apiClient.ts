/** Asks a hub's management API in tests. */
import type { TestHub } from './testHub.ts';

export interface ApiAnswer<T> {
  status: number;
  body: T;
  headers: Headers;
}

/** Asks as a program on this machine, or with other headers as somebody else. */
export async function api<T = Record<string, unknown>>(
  hub: Pick<TestHub, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<ApiAnswer<T>> {
  const response = await fetch(`${hub.url}/api${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /^application\/json(;|$)/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    body: (isJson ? JSON.parse(text) : text) as T,
    headers: response.headers,
  };
}

/** A header by which this machine's requests count as those of another one. */
export const elsewhere = { 'x-forwarded-for': '10.0.0.1' };
