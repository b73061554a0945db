/** Writes the table of docs/api.md anew: `npm run docs`. */
import { readFile, writeFile } from 'node:fs/promises';
import { withTable } from './parameterTable.ts';

const file = new URL('../../../docs/api.md', import.meta.url);
await writeFile(file, await withTable(await readFile(file, 'utf8')));
