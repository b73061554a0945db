import { conversationHeaders } from '@potluck/api';
import { DomainError } from '../errors/domainError.ts';

/** Thrown where an answer can't be kept where it should be. */
export class ConversationError extends DomainError {
  override readonly name = 'ConversationError';
  readonly kind: 'conflict' | 'not-found';
  readonly code: 'conflict' | 'conversation_not_found';

  /** @param part what is wrong: there is a message already, or there is no such conversation or parent */
  constructor(part: 'conversation' | 'parent' | 'message', message: string) {
    super(message, { param: conversationHeaders[part] });
    const isTaken = part === 'message';
    this.kind = isTaken ? 'conflict' : 'not-found';
    this.code = isTaken ? 'conflict' : 'conversation_not_found';
  }
}
