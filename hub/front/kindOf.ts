/** What may be done with a request when the hub that was asked is lost. */
import { conversationHeaders } from '@potluck/api';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * - `answer`: a model answers; it is asked again, and the answer goes on.
 * - `again`: asked again as long as nothing of the answer has come.
 * - `kept`: a model answers in a conversation; the answer goes on by itself, and its page reads it there.
 * - `once`: it changes something, so nobody asks twice.
 * - `upload`: the same, and its body is too large to be kept.
 */
export type RequestKind = 'answer' | 'again' | 'kept' | 'once' | 'upload';

const answers = /^(\/v1)*\/(chat\/completions|completions|responses|messages)$|^\/api\/(chat|generate)$/;
/** Responses that go on in the background are read by their id. */
const keptAnswers = /^(\/v1)*\/responses\/[^/]+$/;
const changesNothing =
  /^(\/v1)*\/(embeddings|tokenize|detokenize|apply-template|rerank|messages\/count_tokens)$|^\/v2\/rerank$|^\/api\/(embed|embeddings|show)$/;
const uploads = /^\/api\/imports\/[^/]+\/files$/;

/** @param target as in the request line */
export function kindOf(method: string, target: string, headers: IncomingHttpHeaders): RequestKind {
  const path = plainPathOf(target);
  if (uploads.test(path)) return 'upload';
  if (['GET', 'HEAD', 'OPTIONS'].includes(method)) return 'again';
  if (method !== 'POST') return 'once';
  if (changesNothing.test(path)) return 'again';
  if (!answers.test(path)) return 'once';
  return headers[conversationHeaders.conversation] === undefined ? 'answer' : 'kept';
}

/** True where what comes of the request, as events, is an answer of a model. */
export function isAnswer(target: string): boolean {
  const path = plainPathOf(target);
  return answers.test(path) || keptAnswers.test(path);
}

/** As the hub reads it: without what follows a question mark, and without slashes that say nothing. */
export function plainPathOf(target: string): string {
  const path = pathOf(target).replaceAll(/\/{2,}/g, '/');
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}

/** Without what follows a question mark. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? '/';
}
