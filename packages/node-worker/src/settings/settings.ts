/** The command line of `potluck worker`; every flag has an environment variable. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  fingerprintFlag,
  flag,
  hubOf,
  isSecret,
  logFlags,
  logSettingsOf,
  memory,
  ownDirectory,
  parseFlags,
  port,
  secretFlag,
  SettingsError,
  wholeNumber,
  type HubAddress,
  type LogSettings,
} from '@potluck/command-line';
import { effectiveMemoryBytes } from '@potluck/machine';
import { Command } from 'commander';

export const deviceChoices = ['auto', 'cuda', 'webgpu', 'cpu'] as const;
export type DeviceChoice = (typeof deviceChoices)[number];

/** To wait for a hub to call. */
export interface ListenSettings {
  /** 0 takes a free one. */
  port: number;
  /** The secret that a hub must know to call. */
  token: string;
}

export interface WorkerSettings extends LogSettings {
  /** The hub to join, or how to wait for one. */
  joining: { hub: HubAddress } | { listen: ListenSettings };
  device: DeviceChoice;
  memoryBytes: number;
  name: string;
  dataDirectory: string;
  /** The blobs of a hub on this machine, which are read where they are. */
  sharedBlobs: string | undefined;
  /** ONNX Runtime's own choice where undefined. */
  threads: number | undefined;
}

interface RawOptions extends LogSettings {
  hub?: string;
  listen?: number;
  token?: string;
  fingerprint?: string;
  device: DeviceChoice;
  memory: number;
  name: string;
  data: string;
  sharedBlobs?: string;
  threads?: number;
}

/**
 * @param args what comes after `potluck worker`
 * @returns undefined where only help was wanted (and printed)
 * @throws SettingsError with what to write instead
 */
export function readSettings(
  args: string[],
  write: (text: string) => void,
  environment: NodeJS.ProcessEnv = process.env,
): WorkerSettings | undefined {
  const command = workerCommand(environment);
  const options = parseFlags<RawOptions>(command, args, { write, environment });
  return options && toSettings(options);
}

/** All settings of a worker. */
export function workerCommand(environment: NodeJS.ProcessEnv): Command {
  const command = new Command('potluck worker')
    .description('Contribute this machine to a hub without a browser.')
    .addOption(flag('--hub <url>', 'the hub to join, such as https://192.168.1.5:8443, or its join link'))
    .addOption(
      flag('--listen <port>', 'or wait at this port for a hub to call, as its page of nodes can').argParser(
        port,
      ),
    )
    .addOption(
      secretFlag(
        '--token <token>',
        'join token of the hub; with --listen, a secret that the hub must know to call',
      ),
    )
    .addOption(fingerprintFlag())
    .addOption(flag('--device <device>', 'what to compute with').choices(deviceChoices).default('auto'))
    .addOption(
      flag('--memory <size>', 'most memory that models may take, such as 8GB')
        .argParser(memory('8GB'))
        .default(Math.floor(effectiveMemoryBytes() / 2), 'half of what this machine, or its container, has'),
    )
    .addOption(
      flag('--name <name>', 'what people see').default(hostname().slice(0, 100), "this machine's name"),
    )
    .addOption(
      flag('--data <directory>', 'where identity and weights are kept').default(
        ownDirectory('worker', environment),
        '~/.potluck/worker',
      ),
    )
    .addOption(
      flag('--shared-blobs <directory>', 'blobs of a hub on this machine, read where they are').hideHelp(),
    )
    .addOption(flag('--threads <number>', 'threads of ONNX Runtime').argParser(wholeNumber(1, 9999)));
  for (const made of logFlags()) command.addOption(made);
  return command;
}

function toSettings(options: RawOptions): WorkerSettings {
  if (options.name.trim() === '' || options.name.length > 100) {
    throw new SettingsError('--name takes 1 to 100 characters');
  }
  return {
    joining: joiningOf(options),
    device: options.device,
    memoryBytes: options.memory,
    name: options.name,
    dataDirectory: options.data,
    sharedBlobs: options.sharedBlobs,
    threads: options.threads,
    ...logSettingsOf(options),
  };
}

function joiningOf({ hub, listen, token, fingerprint }: RawOptions): WorkerSettings['joining'] {
  if (listen === undefined) {
    if (hub !== undefined) {
      return {
        hub: hubOf({
          hub,
          ...(token !== undefined && { token }),
          ...(fingerprint !== undefined && { fingerprint }),
        }),
      };
    }
    throw new SettingsError(
      'which hub? Give --hub URL (or POTLUCK_HUB), as the hub printed it; or --listen PORT to wait for one to call',
    );
  }
  if (hub !== undefined || fingerprint !== undefined) {
    throw new SettingsError(
      '--listen waits for a hub to call, and that hub says who it is: leave --hub and --fingerprint out, or --listen',
    );
  }
  if (token === undefined || !isSecret(token)) {
    throw new SettingsError(
      '--listen needs --token, a secret of 8 to 500 printable ASCII characters without spaces that you then give to ' +
        `the hub; this one is nobody else's: --token ${randomBytes(18).toString('base64url')}`,
    );
  }
  return { listen: { port: listen, token } };
}
