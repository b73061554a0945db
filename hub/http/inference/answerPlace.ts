/** The conversation that a request wants its answer kept in. */
import { Message, conversationHeaders } from '@potluck/api';
import type { Context } from 'hono';
import type { AnswerPlace, ConversationKeeper } from '../../conversations/conversationKeeper.ts';
import { ApiError } from '../apiError.ts';
import { namedRequest } from './namedRequest.ts';

/**
 * Reads where the answer is to be kept; undefined where the request does not say.
 * @throws ApiError if a header is wrong, ConversationError if it can't be kept there
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
  const requestId = namedRequest(c);
  const place: AnswerPlace = {
    owner: c.var.caller.owner,
    conversationId,
    parentId: c.req.header(conversationHeaders.parent) ?? null,
    ...(messageId === undefined ? {} : { messageId }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  await conversations.check(place);
  return place;
}
