/** Reads the small files of a model: checking megabytes of JSON takes longer than a turn of the event loop should. See `inThread.ts`. */
import { answerFromThread } from './inThread.ts';
import type { LinkRule } from './linkRule.ts';
import { readKeptFiles } from './modelSource.ts';

answerFromThread(async (source: LinkRule) => {
  const files = await readKeptFiles(source);
  return { value: files };
});
