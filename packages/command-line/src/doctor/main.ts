/** `potluck doctor`: what is wrong with a hub, and one file with all that a report of a problem should have. */
import { writeFile } from 'node:fs/promises';
import { formatBytes, type Diagnostics } from '@potluck/api';
import { Command } from 'commander';
import { endedByOptions } from '../endedByOptions.ts';
import { connect, withHubFlags, type HubOptions } from '../hub/connect.ts';
import { CommandError } from '../hub/hubClient.ts';
import { addSecretFiles, readSecretFiles } from '../secretFiles.ts';
import { SettingsError } from '../settingsError.ts';
import { clockProblem } from './clockProblem.ts';
import { lookHere, type HereReport } from './lookHere.ts';

/** What is in the file. */
export interface DoctorReport {
  /** The machine on which the command ran. */
  here: HereReport;
  /** What the hub says of itself; null where it could not be asked. */
  hub: Diagnostics | null;
  problems: string[];
}

interface Options extends HubOptions {
  out: string;
}

/**
 * Prints what does not look right and writes the file. Exit codes: 0 where nothing is wrong, 1 where something is, 2 for
 * wrong options.
 * @param argv what comes after `potluck doctor`
 */
export async function runDoctor(argv: string[]): Promise<void> {
  const command = doctorCommand();
  try {
    await command.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!endedByOptions(command.name(), error)) throw error;
  }
}

/** The command with its options. */
export function doctorCommand(): Command {
  const command = new Command('potluck doctor')
    .description('Look at a hub and this machine, and write one file for a report of a problem.')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .option('--out <file>', 'where the report goes', 'potluck-doctor.json')
    .hook('preAction', (_command, one) => readSecretFiles(one))
    .action(examine);
  withHubFlags(command);
  addSecretFiles(command);
  return command;
}

async function examine({ out, ...options }: Options): Promise<void> {
  const here = await lookHere(options.data ?? '.potluck');
  const problems = [...here.problems];
  let hub: Diagnostics | null = null;
  try {
    const askedAt = Date.now();
    hub = await connect(options).ask<Diagnostics>('GET', '/diagnostics');
    const clock = clockProblem({ askedAt, answeredAt: Date.now(), hubAt: hub.madeAt });
    problems.push(...hub.problems, ...(clock === undefined ? [] : [clock]));
  } catch (error) {
    if (!(error instanceof CommandError) && !(error instanceof SettingsError)) throw error;
    problems.push(error.message);
  }
  const report: DoctorReport = { here, hub, problems };
  const lines = [
    `This machine: ${here.system}, Node ${here.node}, Potluck ${here.version}, ${formatBytes(here.memoryBytes)} of memory`,
    ...(hub
      ? [
          `The hub: version ${hub.hub.version}, ${counted(hub.nodes.length, 'device')}, ${counted(hub.models.length, 'model')}`,
        ]
      : []),
    problems.length === 0 ? 'Nothing looks wrong.' : 'What does not look right:',
    ...problems.map((problem) => `- ${problem}`),
  ];
  process.exitCode = problems.length === 0 ? 0 : 1;
  try {
    await writeFile(out, `${JSON.stringify(report, undefined, 2)}\n`, { mode: 0o600 });
    lines.push(
      `Everything is in ${out}. It has names and addresses, and no keys, passwords or words of chats.`,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    lines.push(`The report can't be written to ${out}: ${reason}. Choose another file with --out.`);
    process.exitCode = 1;
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
