import { pause } from '../clock.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';

/**
 * On one machine, about one connection in thirty of libdatachannel fails at once: DTLS starts before the answer with the
 * certificate's fingerprint has arrived by signalling ("unknown CA").
 */
const attempts = 4;
const delayMs = 50;

/** Connects, again where it fails before the signal is aborted. @throws what the last attempt threw, or the signal's reason */
export async function retrySoon<Result>(
  { signal, log }: { signal: AbortSignal; log: Log },
  connect: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connect();
    } catch (error) {
      if (signal.aborted || attempt === attempts) throw error;
      log.debug({ attempt, reason: messageOf(error) }, 'connecting again');
      await pause(delayMs, signal);
    }
  }
}
