/** `potluck backup`: a copy of a hub's data directory, whether or not the hub runs. */
import { copyFile, cp, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { endedByOptions, flag } from '@potluck/command-line';
import { localKeyFileName } from '@potluck/command-line/local-key';
import { lockFileNames } from '@potluck/machine';
import { Command } from 'commander';
import { copyDatabase, isDatabaseFile } from '../database/database.ts';
import { messageOf } from '../errors/messageOf.ts';
import { dataFolders } from '../files/dataFolders.ts';
import { isInside } from '../files/isInside.ts';
import { makeDirectory } from '../files/makeDirectory.ts';

export interface BackupInit {
  dataDirectory: string;
  /** Made where there is none; must be empty. */
  target: string;
  withoutModels?: boolean;
  /** True where the database is at a server, which has a backup of its own. */
  withoutDatabase?: boolean;
}

/** Of this run of the hub, or made anew by workers. */
const notKept = new Set<string>([localKeyFileName, ...lockFileNames, dataFolders.workers]);
const ofModels = new Set<string>([dataFolders.blobs, dataFolders.models, dataFolders.imports]);

/**
 * Copies all that was committed when the call began. The database comes first: what it names is there by then, and files
 * that come later harm nothing.
 * @throws Error where there is no hub's data, the target is not empty, or the copy can't be written; nothing is left then
 */
export async function backUp({
  dataDirectory,
  target,
  withoutModels = false,
  withoutDatabase = false,
}: BackupInit): Promise<void> {
  await makeDirectory(target, 0o700);
  if ((await readdir(target)).length > 0) throw new Error(`${target} is not empty: name a new folder`);
  try {
    if (!withoutDatabase) await copyDatabase(dataDirectory, target);
    for (const name of await readdir(dataDirectory)) {
      const from = path.join(dataDirectory, name);
      if (isDatabaseFile(name) || notKept.has(name) || isInside(target, from)) continue;
      if (withoutModels && ofModels.has(name)) continue;
      const to = path.join(target, name);
      if ((await stat(from)).isDirectory()) await cp(from, to, { recursive: true });
      else await copyFile(from, to);
    }
  } catch (error) {
    // Half a backup looks like one.
    await rm(target, { recursive: true, force: true });
    throw error;
  }
}

const atServer =
  'Settings, keys that were made in the app, conversations and requests are not in it: they are at the libSQL server ' +
  '(--database-url), which has a backup of its own. See docs/operating.md.';

interface Options {
  data: string;
  withoutModels?: boolean;
  databaseUrl?: string;
}

/** @param argv what comes after `potluck backup` */
export async function runBackup(argv: string[]): Promise<void> {
  process.umask(0o077);
  const command = backupCommand();
  try {
    await command.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (endedByOptions(command.name(), error)) return;
    process.stderr.write(`potluck backup: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** The command with its options. */
export function backupCommand(): Command {
  return new Command('potluck backup')
    .description("Copy a hub's data directory into a new folder, while the hub runs too.")
    .argument('<folder>', 'where the copy goes')
    .addOption(flag('--data <directory>', 'data directory of the hub').default('.potluck'))
    .option('--without-models', 'leave models out; they can be added again')
    .addOption(flag('--database-url <url>', "the hub's libSQL server, if it has one: its data is left out"))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(async (target: string, { data, withoutModels = false, databaseUrl }: Options) => {
      await backUp({
        ...{ dataDirectory: path.resolve(data), target: path.resolve(target), withoutModels },
        withoutDatabase: databaseUrl !== undefined,
      });
      process.stdout.write(
        `The copy is in ${target}. It holds all keys of the hub: keep it where nobody else can read it.\n`,
      );
      if (databaseUrl !== undefined) process.stdout.write(`${atServer}\n`);
    });
}
