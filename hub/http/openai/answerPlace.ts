/** The conversation that a request wants its answer kept in. */
import { Message, conversationHeaders } from '@potluck/api';
import type { Context } from 'hono';
import {
  ConversationError,
  type AnswerPlace,
  type ConversationKeeper,
} from '../../conversations/conversationKeeper.ts';
import { ApiError } from '../apiError.ts';

/**
 * Reads where the answer is to be kept; undefined where the request does not say.
 * @throws ApiError if it can't be kept there
 */
export async function placeOf(
  c: Context,
  conversations: ConversationKeeper,
): Promise<AnswerPlace | undefined> {
  const conversationId = c.req.header(conversationHeaders.conversation);
  if (conversationId === undefined) return undefined;
  const messageId = c.req.header(conversationHeaders.message);
  if (messageId !== undefined && !Message.shape.id.safeParse(messageId).success) {
    throw new ApiError(400, `${conversationHeaders.message} takes a UUID in lower case.`, {
      param: conversationHeaders.message,
    });
  }
  const place: AnswerPlace = {
    owner: c.var.caller.owner,
    conversationId,
    parentId: c.req.header(conversationHeaders.parent) ?? null,
    ...(messageId === undefined ? {} : { messageId }),
  };
  try {
    await conversations.check(place);
  } catch (error) {
    throw error instanceof ConversationError ? fromConversationError(error) : error;
  }
  return place;
}

/** What the client hears where its answer can't be kept where it should be. */
export function fromConversationError(error: ConversationError): ApiError {
  const init = { param: conversationHeaders[error.param], cause: error };
  return error.param === 'message'
    ? new ApiError(409, error.message, { ...init, code: 'conflict' })
    : new ApiError(404, error.message, { ...init, code: 'conversation_not_found' });
}
