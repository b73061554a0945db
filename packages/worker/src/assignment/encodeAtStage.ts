/** One text of the hub through an encoder, and the answer. */
import type { LoadedStage } from '@potluck/engine';
import { encodeVector, type Encode, type FromWorkerMessage, type SessionErrorCode } from '@potluck/protocol';
import { sessionErrorCodeOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';

/** @param stage undefined while it can't be asked */
export async function encodeAtStage(
  { encodingId, assignmentId, tokens, tokenTypes }: Encode,
  stage: LoadedStage | undefined,
  { sendToHub, log }: { sendToHub: (message: FromWorkerMessage) => void; log: Log },
): Promise<void> {
  const fail = (code: SessionErrorCode, message: string): void => {
    log.warn({ assignmentId, code }, `a text was not encoded: ${message}`);
    sendToHub({ type: 'encode-failed', encodingId, assignmentId, code, message });
  };
  if (!stage) {
    fail('stage-gone', 'the stage is not ready here');
    return;
  }
  try {
    const { vector, queueMs, computeMs } = await stage.encode({
      tokenIds: tokens,
      ...(tokenTypes && { tokenTypes }),
    });
    sendToHub({
      ...{ type: 'encoded', encodingId, assignmentId },
      ...{ vector: encodeVector(vector), queueMs, computeMs },
    });
  } catch (error) {
    fail(sessionErrorCodeOf(error), messageOf(error));
  }
}
