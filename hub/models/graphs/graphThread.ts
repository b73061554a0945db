/** The thread that does what `graphWork.ts` describes. */
import { answerFromThread, type ThreadHost } from '../inThread.ts';
import { canOpen, cutStage } from './cutStage.ts';
import type { GraphWork } from './graphWork.ts';
import { importFiles, type ImportNote } from './importFiles.ts';
import { lookAtGraph } from './lookAtGraph.ts';

const answerTo = (work: GraphWork, host: ThreadHost<ImportNote>): Promise<unknown> => {
  switch (work.type) {
    case 'look':
      return lookAtGraph(work.request);
    case 'import':
      return importFiles(work.request, host);
    case 'open':
      return canOpen(work.place);
    case 'cut':
      return cutStage(work.place, work.range);
  }
};

answerFromThread(async (work: GraphWork, host: ThreadHost<ImportNote>) => ({
  value: await answerTo(work, host),
}));
