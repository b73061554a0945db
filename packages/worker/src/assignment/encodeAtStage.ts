/** One text of the hub through an encoder, and the answer. */
import type { LoadedStage } from '@potluck/engine';
import {
  encodeVector,
  SessionErrorCode,
  type Encode,
  type FromWorkerMessage,
  type SessionErrorCode as ErrorCode,
} from '@potluck/protocol';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';

/** @param stage undefined while it can't be asked */
export async function encodeAtStage(
  { encodingId, assignmentId, tokens, tokenTypes }: Encode,
  stage: LoadedStage | undefined,
  { sendToHub, log }: { sendToHub: (message: FromWorkerMessage) => void; log: Log },
): Promise<void> {
  const fail = (code: ErrorCode, message: string): void => {
    log.warn({ assignmentId, code }, `a text was not encoded: ${message}`);
    sendToHub({ type: 'encode-failed', encodingId, assignmentId, code, message: message.slice(0, 2000) });
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
    const code = SessionErrorCode.safeParse((error as { code?: unknown } | undefined)?.code);
    fail(code.success ? code.data : 'compute-failed', messageOf(error));
  }
}
