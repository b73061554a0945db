/** The thread of `inThread.test.ts`: says how much work it had, and fails where it is told to. */
import { answerFromThread } from '../models/inThread.ts';

let count = 0;
answerFromThread(async ({ fails }: { fails: boolean }) => {
  count++;
  if (fails) throw new Error('as it was told');
  return { value: count };
});
