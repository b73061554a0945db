/** The command line that tests start. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From the project's root, and from the directory that `buildProgram` makes. */
export const entry = 'bin/potluck.js';
/** Names the directory where the program of this run is, or will be. */
const variable = 'POTLUCK_TEST_PROGRAM';

/** The environment of a run whose processes are to start from a directory, once it is there (`buildProgram`). */
export function programIn(directory: string): Record<string, string> {
  return { [variable]: directory };
}

/** What Node runs: as this run has built it, else the sources, as people start them. */
export const program = builtProgram() ?? fileURLToPath(new URL(`../${entry}`, import.meta.url));

function builtProgram(): string | undefined {
  const directory = process.env[variable];
  return directory !== undefined && existsSync(directory) ? join(directory, entry) : undefined;
}
