import { expect, test } from 'vitest';
import { kindOf, type RequestKind } from './kindOf.ts';

test.each<[RequestKind, string, string, Record<string, string>?]>([
  ['answer', 'POST', '/v1/chat/completions'],
  ['answer', 'POST', '/v1//chat/completions/?a=b'],
  ['answer', 'POST', '/messages'],
  ['answer', 'POST', '/api/generate'],
  ['kept', 'POST', '/v1/chat/completions', { 'x-potluck-conversation': 'one' }],
  ['again', 'GET', '/api/events'],
  ['again', 'POST', '/v1/embeddings'],
  ['again', 'POST', '/v1/messages/count_tokens'],
  ['once', 'POST', '/api/keys'],
  ['once', 'DELETE', '/api/models/one'],
  ['once', 'GETT', '/v1/chat/completions'],
  ['upload', 'POST', '/api/imports/one/files'],
])('%s: %s %s', (kind, method, target, headers = {}) => {
  expect(kindOf(method, target, headers)).toBe(kind);
});
