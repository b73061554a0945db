/** The hub's settings from flags and environment variables (`POTLUCK_` and the flag's name). */
import { formatBytes } from '@potluck/api';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { StartError } from '../errors/startError.ts';
import { builtInModelId } from '../models/builtInModel.ts';
import { checkNetwork, networkOptions, port, type NetworkConfig } from './networkOptions.ts';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface HubConfig extends NetworkConfig {
  /** TCP port; 0 takes a free one. */
  port: number;
  /** Address to listen on; undefined means all of them. */
  host?: string;
  /** Folder for everything that the hub keeps. */
  data: string;
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
  /** Peer frames go through the hub without a try at a direct connection. */
  forceRelay: boolean;
  joinToken?: string;
  /** The administrator's password; only from the environment. */
  adminPassword?: string;
  /** Folders below which models may be imported from; undefined: any. */
  modelDirectory?: string[];
  apiKey?: string;
  /** Longest sequence served, in tokens; undefined means what the model can do. */
  contextLength?: number;
  logLevel: LogLevel;
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
  const command = hubCommand(environment);
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new StartError(
      `${error.message.replace(/^error: /, '')}\nSee npm start -- --help for every option.`,
      { cause: error },
    );
  }
  const { workerMemory, ...options } = command.opts<HubConfig & { workerMemory?: number }>();
  checkNetwork(options);
  const modelGiven = command.getOptionValueSource('model') !== 'default';
  const adminPassword = environment.POTLUCK_ADMIN_PASSWORD;
  return {
    ...options,
    modelGiven,
    ...(adminPassword ? { adminPassword } : {}),
    ...(workerMemory === undefined ? {} : { workerMemoryBytes: workerMemory }),
  };
}

function hubCommand(environment: NodeJS.ProcessEnv): Command {
  const option = (flags: string, description: string): Option => {
    const made = new Option(flags, description);
    const variable = `POTLUCK_${made.name().replaceAll('-', '_').toUpperCase()}`;
    // Commander reads process.env; an empty variable means that none was given.
    if (environment === process.env && environment[variable] !== '') made.env(variable);
    return made;
  };
  const command = new Command('potluck hub')
    .description('Start the hub: the server that people and programs ask, and that workers join.')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .allowExcessArguments(false)
    .addOption(option('--port <port>', 'port to listen on').default(8000).argParser(port))
    .addOption(option('--host <address>', 'address to listen on (default: all)'))
    .addOption(option('--data <directory>', 'where the hub keeps everything').default('.potluck'))
    .addOption(
      option('--model <model>', 'id of an imported model, or a directory, or directory#variant').default(
        builtInModelId,
      ),
    )
    .addOption(option('--variant <name>', 'which graph of a model directory, such as model_q4'))
    .addOption(
      option('--local-workers <count>', 'Node workers to start beside the hub')
        .default(1)
        .argParser(integer(0, 64)),
    )
    .addOption(
      option('--stages <count>', 'force the number of stages (default: as few as fit)').argParser(
        integer(1, 256),
      ),
    )
    .addOption(option('--force-relay', 'send what workers tell each other through the hub').default(false))
    .addOption(
      option('--model-directory <directory...>', 'folders from which models may be added (default: any)'),
    )
    .addOption(option('--join-token <token>', 'secret for workers that join').argParser(secret))
    .addOption(option('--api-key <key>', 'secret for /v1 and /api from other machines').argParser(secret))
    .addOption(
      option('--context-length <tokens>', 'longest prompt and answer together').argParser(
        integer(16, 10_000_000),
      ),
    )
    .addOption(option('--log-level <level>', 'how much to log').choices(logLevels).default('info'))
    .addOption(option('--threads <count>', 'threads of each local worker').argParser(integer(1, 1024)))
    .addOption(
      option('--worker-memory <size>', 'memory of each local worker, such as 2GB').argParser(memory),
    );
  for (const made of networkOptions(option)) command.addOption(made);
  return command;
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
  };
}

function secret(text: string): string {
  if (/^[\x21-\x7e]{8,500}$/.test(text)) return text;
  throw new InvalidArgumentError('It takes 8 to 500 printable ASCII characters without spaces.');
}

const unitBytes = {
  '': 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  KI: 2 ** 10,
  MI: 2 ** 20,
  GI: 2 ** 30,
  TI: 2 ** 40,
};
const leastWorkerMemoryBytes = 1e6;

/** Reads a size such as `2GB`, `512MiB` or `1000000`. */
function memory(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]?I?)B?$/i.exec(text);
  const unit = unitBytes[(match?.[2] ?? '').toUpperCase() as keyof typeof unitBytes] as number | undefined;
  const bytes = match && unit ? Math.floor(Number(match[1]) * unit) : 0;
  if (bytes >= leastWorkerMemoryBytes) return bytes;
  throw new InvalidArgumentError(
    `It takes a size of at least ${formatBytes(leastWorkerMemoryBytes)}, such as 2GB or 512MB.`,
  );
}
