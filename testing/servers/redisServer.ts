/** A real Redis for tests, where there is one. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer, type ServerProcess } from './serverProcess.ts';

/** Where `unpackRedis.ts` puts Debian's packages. */
export const unpackedRedis = fileURLToPath(
  new URL('../../node_modules/.cache/potluck-redis', import.meta.url),
);

interface RedisProgram {
  program: string;
  environment?: NodeJS.ProcessEnv;
}

const found = findRedis();

/** Why tests with Redis are skipped; undefined where there is a Redis. */
export const redisMissing: string | undefined = found
  ? undefined
  : 'skipped: there is no redis-server here. Install one, name it in POTLUCK_TEST_REDIS, or run: npm run unpack-redis';

/**
 * What starts a Redis in a shell, for whoever wants to try several hubs; undefined where there is none.
 * @param folder in which the shell is @param port at which hubs then reach Redis
 */
export function redisCommand(folder: string, port: number): string | undefined {
  // It may just have been unpacked.
  const there = findRedis();
  if (!there) return undefined;
  const { program, environment = {} } = there;
  const here = (place: string): string => (path.isAbsolute(place) ? path.relative(folder, place) : place);
  const settings = Object.entries(environment).map(
    ([name, places = '']) => `${name}=${places.split(':').map(here).join(':')}`,
  );
  return [...settings, here(program), '--port', String(port), '--save', "''"].join(' ');
}

/** @returns an empty Redis that keeps what it is told (`appendonly`), once it answers */
export async function startRedis(): Promise<ServerProcess> {
  if (!found) throw new Error(redisMissing);
  return startServer({
    ...found,
    scheme: 'redis',
    flags: (port, directory) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
      ...['--save', '', '--appendonly', 'yes'],
    ],
    answers: answersPing,
  });
}

/** The first that runs: a named one, an installed one, an unpacked one. */
function findRedis(): RedisProgram | undefined {
  const named = process.env['POTLUCK_TEST_REDIS'];
  const candidates: RedisProgram[] = [
    ...(named ? [{ program: named }] : []),
    ...[{ program: 'redis-server' }, { program: 'valkey-server' }],
    ...unpackedPrograms(),
  ];
  return candidates.find(({ program, environment }) => {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore', env: { ...process.env, ...environment } });
      return true;
    } catch {
      return false;
    }
  });
}

function unpackedPrograms(): RedisProgram[] {
  const program = path.join(unpackedRedis, 'usr/bin/redis-server');
  const libraries = path.join(unpackedRedis, 'usr/lib');
  if (!existsSync(program) || !existsSync(libraries)) return [];
  const folders = readdirSync(libraries).filter((name) => name.endsWith('-linux-gnu'));
  const places = folders.map((name) => path.join(libraries, name)).join(':');
  return [{ program, environment: { LD_LIBRARY_PATH: places } }];
}

async function answersPing(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [bytes] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [Buffer | boolean];
    return bytes.toString().startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
