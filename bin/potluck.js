#!/usr/bin/env node
// @ts-check
// Plain JavaScript that any Node can read: everything else is TypeScript and needs Node 22.19 or newer.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { bundledNode } from './bundledNode.js';
import { hideOwnSecrets, hideSecrets } from './hideSecrets.js';
import { standFor } from './passSignals.js';

const neededVersion = [22, 19];
/** A clone has the sources; a package has what was made of them. */
const isClone = existsSync(new URL('../packages/packaging/package.json', import.meta.url));
const ownCommand = isClone ? 'npm run potluck --' : 'npx potluck';
const usage = `Usage: ${ownCommand} <command> [options]

  hub      start the hub: the server that people and programs ask
  worker   lend this machine's compute to a hub
  browsers lend it with headless browsers
  models   list, add, plan and deploy a hub's models
  backup   copy a hub's data directory, while the hub runs too
  doctor   say what is wrong, and write one file for a report of a problem
  help     show this text, or a command's options: ${ownCommand} help <command>
  version  show which version this is
`;

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = neededVersion;
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

/** @returns {string} */
function version() {
  const file = new URL('../package.json', import.meta.url);
  return /** @type {{ version: string }} */ (JSON.parse(readFileSync(file, 'utf8'))).version;
}

/** @returns {boolean} */
function hasHub() {
  return existsSync(new URL('../hub/wiring/main.ts', import.meta.url));
}

function noHubHere() {
  process.stderr.write(
    'potluck: this is the package that a hub gives to machines that join it, and has no hub in it.\n',
  );
  process.exitCode = 2;
}

/**
 * @param {string[]} args
 * @returns {Promise<void>}
 */
async function main(args) {
  const [command, ...rest] = args;
  switch (command) {
    case 'hub':
      if (!hasHub()) return noHubHere();
      return (await import('../hub/wiring/main.ts')).runHub(rest);
    case 'worker':
      return (await import('../packages/node-worker/src/main.ts')).runWorker(rest);
    case 'browsers':
      return (await import('../packages/headless-browsers/src/main.ts')).runBrowsers(rest);
    case 'models':
      return (await import('../packages/command-line/src/models/main.ts')).runModels(rest);
    case 'backup':
      if (!hasHub()) return noHubHere();
      return (await import('../hub/wiring/backup.ts')).runBackup(rest);
    case 'doctor':
      return (await import('../packages/command-line/src/doctor/main.ts')).runDoctor(rest);
    case 'help':
      if (rest[0] !== undefined) return main([...rest, '--help']);
      process.stdout.write(usage);
      return;
    case undefined:
    case '--help':
    case '-h':
      process.stdout.write(usage);
      return;
    case 'version':
    case '--version':
    case '-V':
    case '-v':
      process.stdout.write(`${version()}\n`);
      return;
    default:
      process.stderr.write(`potluck: unknown command '${command}'\n\n${usage}`);
      process.exitCode = 2;
  }
}

if (isNewEnough(process.versions.node)) {
  // Or each start would strip types from, and compile, every file anew; so would the processes that it starts.
  const { directory } = module.enableCompileCache();
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;
  hideOwnSecrets(process.argv.slice(2));
  await main(process.argv.slice(2));
} else {
  // Outside npm scripts the system's Node comes first; the project's own one is a dependency.
  const { resolve } = module.createRequire(import.meta.url);
  const folders = resolve.paths('node') ?? [];
  const bundled = bundledNode(folders);
  if (bundled !== undefined) {
    const child = spawn(bundled, process.argv.slice(1), { stdio: 'inherit' });
    process.title = `potluck ${hideSecrets(process.argv.slice(2)).shown.join(' ')}`;
    standFor(child);
  } else {
    process.stderr.write(
      `potluck needs Node ${neededVersion.join('.')} or newer; this is Node ${process.versions.node}.\n` +
        `${isClone ? 'Run npm ci (it brings a Node of its own), or install' : 'Install'} a newer Node: see https://nodejs.org\n`,
    );
    process.exitCode = 1;
  }
}
