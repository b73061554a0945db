/** Waits for token ids; where there are none, says why to who asked. */
import { EncodingError } from '../models/encoding/encodingError.ts';
import { ModelError } from '../models/modelError.ts';
import { cancelled, GenerationError } from './generationError.ts';

/**
 * @param signal of the request
 * @param refusal code of the error where the model refuses what was asked
 * @throws GenerationError `refusal`, `messages_unreadable` where it takes too much time or memory, `cancelled`
 */
export async function orReason<T>(
  signal: AbortSignal,
  encoded: Promise<T>,
  refusal: 'template_refused' | 'messages_unreadable',
): Promise<T> {
  try {
    return await encoded;
  } catch (cause) {
    if (signal.aborted) throw cancelled(cause);
    if (cause instanceof ModelError) throw new GenerationError(refusal, cause.message, { cause });
    if (cause instanceof EncodingError)
      throw new GenerationError('messages_unreadable', cause.message, { cause });
    throw cause;
  }
}
