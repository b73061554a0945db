/**
 * Gets Debian's Redis for tests where it is neither installed nor unpacked: `apt-get download` needs no root, and nothing is
 * installed or started. Where that does not work, it says so, and the tests that need Redis are skipped.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { redisCommand, redisMissing, unpackedRedis } from './redisServer.ts';

/** With the libraries that it needs beside those of every Debian. */
const packages = [
  ...['redis-server', 'redis-tools', 'libjemalloc2', 'liblua5.1-0'],
  ...['lua-bitop', 'lua-cjson', 'liblzf1', 'libhiredis0.14'],
];
/** Of each command: where nothing can be fetched, nobody waits long. */
const mostMs = 45_000;
/** As Redis has it. */
const port = 6379;

function unpack(): void {
  mkdirSync(path.dirname(unpackedRedis), { recursive: true });
  const directory = mkdtempSync(`${unpackedRedis}-`);
  const run = (command: string, ...args: string[]): void =>
    void execFileSync(command, args, { cwd: directory, stdio: 'pipe', timeout: mostMs });
  try {
    // The lists of the machine may be missing, or old: then those of its own, which need no root.
    const own = ['-o', `Dir::State=${directory}/state`, '-o', `Dir::Cache=${directory}/cache`];
    try {
      run('apt-get', '--quiet', 'download', ...packages);
    } catch {
      for (const folder of ['state/lists/partial', 'cache/archives/partial'])
        mkdirSync(path.join(directory, folder), { recursive: true });
      run('apt-get', '--quiet', ...own, 'update');
      run('apt-get', '--quiet', ...own, 'download', ...packages);
    }
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.deb')))
      run('dpkg-deb', '--extract', file, 'unpacked');
    rmSync(unpackedRedis, { recursive: true, force: true });
    renameSync(path.join(directory, 'unpacked'), unpackedRedis);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function sayHowToStart(): void {
  const command = redisCommand(process.cwd(), port);
  if (command === undefined) return;
  console.log(`To start it, run here: ${command}`);
  console.log(`Hubs then reach it with: --redis-url redis://127.0.0.1:${port}`);
}

if (redisMissing === undefined) {
  console.log('Redis for tests: there is one');
  sayHowToStart();
} else {
  try {
    unpack();
    console.log('Redis for tests: unpacked from Debian’s packages');
    sayHowToStart();
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    console.log(`Redis for tests: none (${reason}); the tests that need it are skipped`);
  }
}
