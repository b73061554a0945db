import { fileURLToPath } from 'node:url';

/** The command line of this project, which Node runs. */
export const program = fileURLToPath(new URL('../../bin/potluck.js', import.meta.url));
