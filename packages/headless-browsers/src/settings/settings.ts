/** The command line of `potluck browsers`; every flag has an environment variable. */
import { hostname } from 'node:os';
import {
  fingerprintFlag,
  flag,
  hubOf,
  logFlags,
  logSettingsOf,
  memory,
  ownDirectory,
  parseFlags,
  secretFlag,
  SettingsError,
  wholeNumber,
  type HubAddress,
  type LogSettings,
} from '@potluck/command-line';
import { Command } from 'commander';
import { gpuChoices, type GpuChoice } from '../browser/gpuFlags.ts';

export interface BrowsersSettings extends HubAddress, LogSettings {
  count: number;
  gpu: GpuChoice;
  /** Program to run; undefined: what is found. */
  browser: string | undefined;
  /** Of each browser's stages, in bytes; undefined: what the page suggests. */
  memoryBytes: number | undefined;
  /** Browsers are called `<name>-1`, `<name>-2`, … */
  name: string;
  dataDirectory: string;
  sandbox: boolean;
}

interface RawOptions extends LogSettings {
  hub?: string;
  token?: string;
  fingerprint?: string;
  count: number;
  gpu: GpuChoice;
  browser?: string;
  memory?: number;
  name: string;
  data: string;
  sandbox: boolean;
}

const mostBrowsers = 64;
/** Room for the number behind the name; a worker's name has at most 100 characters. */
const longestName = 96;

/**
 * @param args what comes after `potluck browsers`
 * @returns undefined where only help was wanted (and printed)
 * @throws SettingsError with what to write instead
 */
export function readSettings(
  args: string[],
  write: (text: string) => void,
  environment: NodeJS.ProcessEnv = process.env,
): BrowsersSettings | undefined {
  const command = browsersCommand(environment);
  const options = parseFlags<RawOptions>(command, args, { write, environment });
  return options && toSettings(options);
}

/** All settings of headless browsers. */
export function browsersCommand(environment: NodeJS.ProcessEnv): Command {
  const command = new Command('potluck browsers')
    .description('Join a hub with headless browsers.')
    .addOption(flag('--hub <url>', 'the hub to join, such as https://192.168.1.5:8443, or its join link'))
    .addOption(secretFlag('--token <token>', 'join token of the hub'))
    .addOption(fingerprintFlag())
    .addOption(
      flag('--count <number>', 'how many browsers').argParser(wholeNumber(1, mostBrowsers)).default(1),
    )
    .addOption(
      flag('--gpu <kind>', 'what to compute with; auto looks for a GPU').choices(gpuChoices).default('auto'),
    )
    .addOption(flag('--browser <path>', 'the Chromium or Chrome to run (default: what is found)'))
    .addOption(
      flag('--memory <size>', 'most memory that models may take in each browser, such as 4GB').argParser(
        memory('4GB'),
      ),
    )
    .addOption(
      flag('--name <name>', 'what people see, with a number behind it').default(
        hostname().slice(0, longestName),
        "this machine's name",
      ),
    )
    .addOption(
      flag('--data <directory>', 'where the browsers keep identities and weights').default(
        ownDirectory('browsers', environment),
        '~/.potluck/browsers',
      ),
    )
    .addOption(flag('--no-sandbox', "run without Chromium's sandbox, where the system does not allow it"));
  for (const made of logFlags()) command.addOption(made);
  return command;
}

function toSettings({ hub, memory, data, ...options }: RawOptions): BrowsersSettings {
  if (hub === undefined) {
    throw new SettingsError('which hub? Give --hub URL (or POTLUCK_HUB), as the hub printed it');
  }
  const name = options.name.trim();
  if (name === '' || name.length > longestName) {
    throw new SettingsError(`--name takes 1 to ${longestName} characters`);
  }
  const settings = hubOf({ ...options, hub });
  if (settings.token === '') {
    throw new SettingsError('which join token? Give --token, or the whole join link as --hub');
  }
  return {
    ...settings,
    count: options.count,
    gpu: options.gpu,
    browser: options.browser,
    memoryBytes: memory,
    name,
    dataDirectory: data,
    sandbox: options.sandbox,
    ...logSettingsOf(options),
  };
}
