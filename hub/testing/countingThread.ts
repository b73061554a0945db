/** The thread of `inThread.test.ts`: says how much work it had, fails where it is told to, or waits to be aborted. */
import { answerFromThread, type ThreadHost } from '../models/inThread.ts';

let count = 0;
answerFromThread(async ({ does }: { does: 'count' | 'fail' | 'wait' }, host: ThreadHost<string>) => {
  count++;
  if (does === 'fail') throw new Error('as it was told');
  if (does === 'wait') {
    const aborted = new Promise((resolve) => host.signal.addEventListener('abort', resolve));
    host.tell('waiting');
    await aborted;
    throw new Error('aborted');
  }
  return { value: count };
});
