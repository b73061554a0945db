/** `npm run docs`: writes the pages that are made of the program. */
import { writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { settingsPage } from './settingsTable.ts';

const file = new URL('../docs/settings.md', import.meta.url);
const options = await resolveConfig(file);
await writeFile(file, await format(settingsPage(), { ...options, parser: 'markdown' }));
