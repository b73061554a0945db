/** The hub's settings from flags and environment variables (`POTLUCK_` and the flag's name). */
import {
  flag,
  logFlags,
  memory,
  parseFlags,
  port,
  secret,
  secretFlag,
  SettingsError,
  wholeNumber,
  type LogSettings,
} from '@potluck/command-line';
import { statSync } from 'node:fs';
import { Command } from 'commander';
import { checkServerUrl } from '../database/serverUrl.ts';
import { messageOf } from '../errors/messageOf.ts';
import { StartError } from '../errors/startError.ts';
import { builtInModelId } from '../models/builtInModel.ts';
import { checkNetwork, networkOptions, type NetworkConfig } from './networkOptions.ts';
import { sharedOptions } from './sharedOptions.ts';

export interface HubConfig extends NetworkConfig, LogSettings {
  /** TCP port; 0 takes a free one. */
  port: number;
  /** Address to listen on; undefined means all of them. */
  host?: string;
  /** Folder for everything that the hub keeps. */
  data: string;
  /** A libSQL server to keep everything in that is no file; undefined: `hub.sqlite` in the folder. */
  databaseUrl?: string;
  databaseToken?: string;
  /** Imported model's id, the built-in one's id, or a directory (`DIR#variant`). */
  model: string;
  /** True where the person named the model: it is served beside those that were deployed before. */
  modelGiven: boolean;
  /** Which of several graphs in a model directory, such as `model_q4`. */
  variant?: string;
  /** Node workers started beside the hub. */
  localWorkers: number;
  /** Forced number of stages. */
  stages?: number;
  /** How long an answer whose devices were lost waits for others, in seconds. */
  deviceWait: number;
  /** How long an answer that a restart of the hub interrupted waits for its client, in seconds. */
  clientWait: number;
  /** How long a hub that is told to stop waits for the answers under way, in seconds. */
  stopWait: number;
  /** Hubs with the same one serve one grid; undefined: this hub is alone. May hold a password. */
  redisUrl?: string;
  /** URL at which those other hubs reach this one; undefined: an address of this machine, with `port`. */
  hubAddress?: string;
  /** How long a leading hub that says nothing keeps the lead, in seconds. */
  leaseSeconds: number;
  /** Peer frames go through the hub without a try at a direct connection. */
  forceRelay: boolean;
  joinToken?: string;
  /** The administrator's password. */
  adminPassword?: string;
  /** Folders below which models may be imported from; undefined: any. */
  modelDirectory?: string[];
  apiKey?: string;
  /** Opens /metrics to who shows it. */
  metricsToken?: string;
  /** Longest sequence served, in tokens; undefined means what the model can do. */
  contextLength?: number;
  /** Threads of each local worker. */
  threads?: number;
  /** Memory of each local worker, in bytes. */
  workerMemoryBytes?: number;
}

/**
 * Reads the flags that follow `potluck hub`.
 * @returns undefined where help was asked for and printed
 * @throws StartError with one message that names the flag and what it takes
 */
export function readConfig(argv: string[], environment: NodeJS.ProcessEnv): HubConfig | undefined {
  const command = hubCommand();
  const read = readFlags(command, argv, environment);
  if (!read) return undefined;
  const { workerMemory, ...options } = read;
  checkNetwork(options);
  checkDatabase(options);
  checkModelDirectories(options);
  // Who chooses a graph means that of the usual model, and hears where there is none.
  const modelGiven = command.getOptionValueSource('model') !== 'default' || options.variant !== undefined;
  return {
    ...options,
    modelGiven,
    ...(workerMemory === undefined ? {} : { workerMemoryBytes: workerMemory }),
  };
}

/** A slip would show only when somebody adds a model. */
function checkModelDirectories({ modelDirectory = [] }: RawOptions): void {
  const missing = modelDirectory.find(
    (folder) => !statSync(folder, { throwIfNoEntry: false })?.isDirectory(),
  );
  if (missing !== undefined)
    throw new StartError(`--model-directory takes folders of this machine: there is none at '${missing}'.`);
}

/** The address is in no message: whoever gave it may have put a secret into it. */
function checkDatabase({ databaseUrl, databaseToken }: RawOptions): void {
  if (databaseUrl === undefined) {
    if (databaseToken === undefined) return;
    throw new StartError('--database-token is of no use without --database-url.');
  }
  try {
    checkServerUrl(databaseUrl);
  } catch (cause) {
    throw new StartError(`--database-url can't be used. ${messageOf(cause)}`, { cause });
  }
}

type RawOptions = HubConfig & { workerMemory?: number };

function readFlags(command: Command, argv: string[], environment: NodeJS.ProcessEnv): RawOptions | undefined {
  try {
    const write = (text: string): void => void process.stdout.write(text);
    return parseFlags<RawOptions>(command, argv, { write, environment });
  } catch (cause) {
    if (!(cause instanceof SettingsError)) throw cause;
    throw new StartError(cause.message, { cause });
  }
}

/** All settings of a hub. */
export function hubCommand(): Command {
  const command = new Command('potluck hub')
    .description('Start the hub: the server that people and programs ask, and that workers join.')
    .addOption(flag('--port <port>', 'port to listen on').default(8000).argParser(port))
    .addOption(flag('--host <address>', 'address to listen on (default: all)'))
    .addOption(flag('--data <directory>', 'where the hub keeps everything').default('.potluck'))
    .addOption(
      flag(
        '--database-url <url>',
        'a libSQL server for settings, keys, conversations and requests (default: a file in --data)',
      ),
    )
    .addOption(secretFlag('--database-token <token>', 'token with which the libSQL server is opened'))
    .addOption(
      flag('--model <model>', 'id of an imported model, or a directory, or directory#variant').default(
        builtInModelId,
      ),
    )
    .addOption(flag('--variant <name>', 'which graph of a model directory, such as model_q4'))
    .addOption(
      flag('--local-workers <count>', 'Node workers to start beside the hub')
        .default(1)
        .argParser(wholeNumber(0, 64)),
    )
    .addOption(
      flag('--stages <count>', 'force the number of stages (default: as few as fit)').argParser(
        wholeNumber(1, 256),
      ),
    )
    .addOption(
      flag('--device-wait <seconds>', 'how long an answer whose devices were lost waits for others')
        .default(60)
        .argParser(wholeNumber(0, 86_400)),
    )
    .addOption(
      flag('--client-wait <seconds>', 'how long an answer that a restart interrupted waits for its client')
        .default(600)
        .argParser(wholeNumber(0, 86_400)),
    )
    .addOption(
      flag('--stop-wait <seconds>', 'how long a hub that is told to stop waits for the answers under way')
        .default(10)
        .argParser(wholeNumber(0, 3600)),
    )
    .addOption(flag('--force-relay', 'send what workers tell each other through the hub').default(false))
    .addOption(
      flag('--model-directory <directory...>', 'folders from which models may be added (default: any)'),
    )
    .addOption(secretFlag('--join-token <token>', 'secret for workers that join').argParser(secret))
    .addOption(secretFlag('--api-key <key>', 'secret for /v1 and /api from other machines').argParser(secret))
    .addOption(
      secretFlag('--metrics-token <token>', 'secret with which Prometheus reads /metrics').argParser(secret),
    )
    .addOption(
      secretFlag('--admin-password <password>', 'secret for changing things, in the app and at /api'),
    )
    .addOption(
      flag('--context-length <tokens>', 'longest prompt and answer together').argParser(
        wholeNumber(16, 10_000_000),
      ),
    )
    .addOption(flag('--threads <count>', 'threads of each local worker').argParser(wholeNumber(1, 1024)))
    .addOption(
      flag('--worker-memory <size>', 'memory of each local worker, such as 2GB').argParser(memory('2GB')),
    );
  for (const made of [...networkOptions(), ...sharedOptions(), ...logFlags()]) command.addOption(made);
  return command;
}
