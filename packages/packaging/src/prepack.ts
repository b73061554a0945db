/** npm's `prepack`: `dist/` from what is here, and the app that `npm run build` made. */
import path from 'node:path';
import { buildDist } from './buildDist.ts';
import { programRoot } from './projectFiles.ts';

await buildDist(path.join(programRoot, 'dist'), path.join(programRoot, 'client/build'));
