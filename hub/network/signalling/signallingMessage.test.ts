import { expect, test } from 'vitest';
import { decodeClientMessage } from './signallingMessage.ts';

const sdp = { type: 'offer', sdp: 'v=0' };
const payload = { type: 'data', connectionId: 'c', serialization: 'raw', sdp, label: 'kept' };
const decode = (message: unknown) => decodeClientMessage(JSON.stringify(message));

test('an offer passes with all that it carries', () => {
  const offer = { type: 'OFFER', dst: 'b', payload };
  expect(decode(offer)).toEqual(offer);
});

test.each([
  ['an offer without a payload', { type: 'OFFER', dst: 'b' }],
  ['an offer to nobody', { type: 'OFFER', payload }],
  ['an unknown serialization', { type: 'OFFER', dst: 'b', payload: { ...payload, serialization: 'zzz' } }],
  ['a media call', { type: 'OFFER', dst: 'b', payload: { ...payload, type: 'media' } }],
  ['a description that is none', { type: 'ANSWER', dst: 'b', payload: { ...payload, sdp: 'v=0' } }],
  ['a candidate that is none', { type: 'CANDIDATE', dst: 'b', payload: { ...payload, candidate: null } }],
  ['an unknown type', { type: 'OPEN' }],
])('%s is refused: the client at the other end would throw', (_what, message) => {
  expect(decode(message)).toBeUndefined();
});
