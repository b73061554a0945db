/** `potluck doctor`: what is wrong with a hub, and one file with all that a report of a problem should have. */
import { writeFile } from 'node:fs/promises';
import { formatBytes, type Diagnostics } from '@potluck/api';
import { Command } from 'commander';
import { endedByOptions } from '../endedByOptions.ts';
import { connect, withHubFlags, type HubOptions } from '../hub/connect.ts';
import { CommandError, SilentHubError, type HubClient } from '../hub/hubClient.ts';
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

/** Hubs answer in far less time. */
const answerMs = 10_000;
const healthMs = 4000;

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
    const client = connect(options);
    const askedAt = Date.now();
    hub = await diagnosticsOf(client);
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
          ...describeShared(hub),
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

/**
 * A hub that stands still takes the connection and says nothing; one that passes requests on to such a hub waits for it.
 * @throws CommandError
 */
async function diagnosticsOf(client: HubClient): Promise<Diagnostics> {
  try {
    return await client.ask<Diagnostics>('GET', '/diagnostics', undefined, answerMs);
  } catch (error) {
    if (!(error instanceof SilentHubError)) throw error;
    const health = await client.health(healthMs);
    if (health?.role !== 'follows') throw error;
    const said = health.missing ?? health.trouble;
    throw new CommandError(
      `The hub that was asked is there (${health.status}${said === undefined ? '' : `: ${said}`}), and no hub that leads ` +
        'answers it. Look at the log of each hub, and end the process of one that stands still.',
      { cause: error },
    );
  }
}

/** What several hubs share. A hub of an older version does not say it. */
function describeShared({ hubs, database }: Partial<Diagnostics>): string[] {
  const lines: string[] = [];
  if (hubs) {
    const redis = hubs.redisAnswers ? 'answers' : 'does not answer';
    // An older hub does not say it.
    const { present = [] } = hubs as Partial<typeof hubs>;
    const others = present.filter((url) => url !== hubs.leader);
    const follow =
      others.length === 0
        ? 'no other hub is there'
        : `${others.join(', ')} ${others.length === 1 ? 'follows' : 'follow'}`;
    lines.push(
      `Several hubs: the one at ${hubs.leader} leads (epoch ${hubs.epoch}), ${follow}; Redis ${redis}`,
    );
  }
  if (database?.kind === 'server')
    lines.push(
      `The database server: ${database.trouble === null ? 'answers' : 'nothing is kept there at the moment'}`,
    );
  return lines;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
