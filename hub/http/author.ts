/** Who asks, for the record. */
import type { RequestAuthor } from '../generation/requestRecord.ts';
import type { Caller } from './caller.ts';

/** True where the app's own chat asks: it shows the cookie of its browser. */
export function isChat({ owner }: Pick<Caller, 'owner'>): boolean {
  return owner.startsWith('browser:');
}

/** @param source default: the chat where a browser asks */
export function authorOf(
  caller: Pick<Caller, 'owner' | 'key'>,
  source: RequestAuthor['source'] = isChat(caller) ? 'chat' : 'api',
): RequestAuthor {
  const { owner, key } = caller;
  return { owner, keyId: key?.id ?? null, keyName: key?.name ?? null, source };
}
