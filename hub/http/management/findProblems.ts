/** What does not look right about a hub, in sentences that say what to do. */
import { formatBytes, type Diagnostics } from '@potluck/api';

const leastFreeBytes = 2e9;
const certificateDays = 14;
const day = 24 * 60 * 60_000;
/** Clocks are corrected by less all the time. */
const mostClockJumpMs = 60_000;
const mostLoopDelayMs = 250;

export function findProblems(found: Omit<Diagnostics, 'problems'>): string[] {
  const { hub, disk, database, hubs, network, certificate, nodes, models, madeAt } = found;
  const links = nodes.flatMap(({ name, links: all }) => all.map((link) => ({ from: name, ...link })));
  const problems: (string | false | undefined)[] = [
    disk !== null &&
      !disk.isWritable &&
      "The hub can't write to its data directory: give the hub's user the right to write there.",
    disk !== null &&
      disk.freeBytes < leastFreeBytes &&
      `Only ${formatBytes(disk.freeBytes)} are free where the hub keeps its data: remove models or files, or choose a larger disk with --data.`,
    database.trouble !== null && databaseProblem(database.kind, database.trouble),
    hubs !== null && hubs.trouble !== null && sharedProblem(hubs, hubs.trouble),
    network.knownHttpsPort !== null &&
      `Another program uses port ${network.knownHttpsPort}, by which devices and links know this hub: end that program and restart the hub.`,
    certificate !== null && certificateProblem(certificate, madeAt),
    certificate !== null &&
      certificate.missingNames.length > 0 &&
      `The certificate does not name ${certificate.missingNames.join(', ')}: browsers warn there, and devices do not join.`,
    Math.abs(hub.clockJumpMs) > mostClockJumpMs &&
      `The hub's clock was set ${hub.clockJumpMs > 0 ? 'forward' : 'back'} by ${Math.round(Math.abs(hub.clockJumpMs) / 1000)} s while the hub ran: let the system keep its time by NTP.`,
    hub.eventLoopDelayMs.p99 > mostLoopDelayMs &&
      `The hub reacts ${Math.round(hub.eventLoopDelayMs.p99)} ms late: its machine is too busy for it.`,
    nodes.length === 0 && 'No device has joined: the Nodes page has a link and a command for that.',
    ...nodes.map(
      ({ name, version }) =>
        version !== hub.version &&
        `${name} runs version ${version}, the hub ${hub.version}: start ${name} again with the command of the Nodes page.`,
    ),
    ...models.map(({ model, missing }) => missing !== null && `${model} is not running: ${missing}.`),
    ...links.map(
      ({ from, to, state, reason }) =>
        state === 'relayed' &&
        `${from} reaches ${to} only through the hub, which is slower${reason === null ? '' : `: ${reason}`}.`,
    ),
  ];
  return problems.filter((problem) => typeof problem === 'string');
}

/** @param trouble what the hub's health says, which says what to do about a file */
function databaseProblem(kind: Diagnostics['database']['kind'], trouble: string): string {
  const remedy = kind === 'server' ? ' Look at the database server that --database-url names.' : '';
  return `The hub keeps nothing at the moment. ${trouble}${remedy}`;
}

/** @param trouble what the hub's health says */
function sharedProblem({ leader, redisAnswers }: NonNullable<Diagnostics['hubs']>, trouble: string): string {
  const remedy = redisAnswers
    ? `Look at the log of the hub that leads (${leader}).`
    : `The hub that leads (${leader}) goes on. Start Redis again, or mend the network between it and the hubs.`;
  return `${trouble} ${remedy}`;
}

function certificateProblem(
  { validFrom, validTo, kind }: NonNullable<Diagnostics['certificate']>,
  now: number,
): string | false {
  // The hub renews its own.
  const remedy =
    kind === 'own' ? 'Restart the hub, which makes a new one.' : 'Bring a new one in the settings.';
  if (now > validTo) return `The certificate expired on ${dateOf(validTo)}. ${remedy}`;
  if (now < validFrom)
    return `The certificate is valid from ${dateOf(validFrom)} only: look at the hub's clock.`;
  const left = (validTo - now) / day;
  return (
    kind !== 'own' && left < certificateDays && `The certificate expires on ${dateOf(validTo)}. ${remedy}`
  );
}

const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
