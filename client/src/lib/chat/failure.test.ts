import { expect, test } from 'vitest';
import { HubError, HubUnreachableError } from '#lib/hub/errors.ts';
import { explainUnsent, failureOf } from './failure.ts';

const tooLong = new HubError('The maximum is 128 tokens.', 400, 'context_length_exceeded');

test('a conversation that is too long may go on elsewhere, and a single message that is too long may not', () => {
  expect(failureOf('id', tooLong, 5)).toMatchObject({ isTooLong: true, fitsElsewhere: true });
  expect(failureOf('id', tooLong, 1)).toMatchObject({ isTooLong: true, fitsElsewhere: false });
  expect(failureOf('id', tooLong, 1).text).toContain('The maximum is 128 tokens.');
});

test('other failures say what the hub said', () => {
  expect(failureOf('id', new HubError('All are busy.', 503), 5)).toEqual({
    promptId: 'id',
    text: 'All are busy.',
    isTooLong: false,
    fitsElsewhere: false,
    retryHelps: true,
  });
});

test('who could not send a message hears why, without the ids of the hub', () => {
  const gone = new HubError('You have no conversation 0195.', 404, 'conversation_not_found');
  expect(explainUnsent(gone)).toMatch(/was deleted\. Choose “New”/);
  const changed = new HubError('The conversation has no message 0195.', 404, 'message_not_found');
  expect(explainUnsent(changed)).toMatch(/changed on another device/);
  expect(explainUnsent(new HubUnreachableError())).toMatch(/^Your message was not sent\. The hub isn’t/);
});

test('Retry is offered only where the same request may get an answer', () => {
  const helps = (error: Error): boolean => failureOf('id', error, 1).retryHelps;
  expect(helps(new HubUnreachableError())).toBe(true);
  expect(helps(new HubError('Too many.', 429))).toBe(true);
  expect(helps(new HubError('The template refuses it.', 400))).toBe(false);
  expect(helps(new HubError('No such model.', 404))).toBe(false);
});
