/** Asks a hub's model in tests: one short message. */
import type { TestHub } from './testHub.ts';

/**
 * @param more fields beside the message, or in place of it
 * @param init.headers default: as a program on this machine
 */
export function askChat(
  hub: Pick<TestHub, 'url'>,
  more: Record<string, unknown> = {},
  { headers, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(`${hub.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], ...more }),
    ...(signal ? { signal } : {}),
  });
}
