/** A headless worker by itself: `node packages/node-worker/src/cli.ts --hub URL`. */
import { runWorker } from './main.ts';

await runWorker(process.argv.slice(2));
