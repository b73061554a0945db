/** What happened, in a sentence. */
import type { HistoryEvent } from '@potluck/api';
import { formatDuration } from '#lib/format/formatDuration.ts';
import { fromHub } from '#lib/hub/fromHub.ts';
import { comma } from '#lib/language/marks.ts';

/** What settings are called where they are made; others by the name that programs know. */
const settingNames: Record<string, string> = /* @wc-include */ {
  retentionDays: 'Keep requests for (days)',
  keepChatWords: 'Keep chat messages with requests',
  keepApiWords: 'Keep what programs send',
  trustLocal: 'Programs on the hub’s own machine need no key',
  hubEndpoint: 'Download models from',
  hubToken: 'Hugging Face token',
  turnUrls: 'TURN servers',
  turnUsername: 'TURN user name',
  turnCredential: 'TURN password',
  defaultModel: 'Default model',
  standbyShare: 'Memory for standby',
  queueLimit: 'Requests that may wait for one model',
  newDevices: 'Devices that were never here',
  corsOrigins: 'Web pages of other sites that may use the API',
  aliases: 'Other names of models',
  modelDefaults: 'Defaults of models',
  defaultsForPrograms: 'Defaults for programs',
  loadOnDemand: 'Load on demand',
  unloadAfterMinutes: 'Unload after (minutes without a request)',
};

/** Codes of connections are for the log, and the sentence has a point of its own. */
function plainReason(reason: string): string {
  return fromHub(reason.replace(/ \(code \d+\)/, '')).replace(/[.。]$/, '');
}

/** Kinds whose sentences name who did it themselves. */
const namesActor = new Set<HistoryEvent['kind']>(['node-approved', 'node-declined', 'settings-changed']);

/** What happened, in one sentence, with who did it where that is known. */
export function describeHistory(event: HistoryEvent): string {
  const sentence = describeWhat(event);
  const by = describeActor(event.actor);
  if (by === undefined || namesActor.has(event.kind)) return sentence;
  return sentence.replace(/[.。]$/, (point) => ` (${by})${point}`);
}

/** Whether a move to be faster paid, with times of a token. */
function describeMove(what: string, { before, promised, measured, paid }: HistoryEvent['detail']): string {
  const [now, then, expected] = [measured, before, promised].map((time = '0') =>
    formatDuration(Number(time)),
  );
  return paid === 'yes'
    ? `${what} is faster since it moved: a token takes ${now} instead of ${then}.`
    : `${what} moved to be faster, which did not pay: a token takes ${now}. Before the move it took ${then}, and ${expected} were expected.`;
}

function describeWhat({ kind, node, model, actor, detail }: HistoryEvent): string {
  const by = describeActor(actor);
  const who = node ?? /* @wc-include */ 'A device';
  const what = model ?? /* @wc-include */ 'A model';
  const { nodes, name, mode, settings, version } = detail;
  const reason = plainReason(detail['reason'] ?? '');
  // More of the same happened in this minute than is kept.
  if (detail['more'] !== undefined) return '…';
  switch (kind) {
    case 'node-joined':
      return version === undefined ? `${who} joined.` : `${who} joined with version ${version}.`;
    case 'node-left':
      // What a tab says whose person stopped or paused it there.
      if (detail['reason'] === 'paused') return `${who} was paused on its own page.`;
      if (/^(it )?left$/.test(detail['reason'] ?? '')) return `${who} left.`;
      return `${who} left: ${reason}.`;
    case 'node-lost':
      return `${who} was lost: ${reason}.`;
    case 'node-refused':
      return `${who} could not join: ${reason}.`;
    case 'node-changed':
      if (name !== undefined) return `${who} is called ${name} now.`;
      return mode === 'active' ? `${who} takes layers again.` : `${who} was paused.`;
    case 'node-evicted':
      return detail['ban'] === 'yes' ? `${who} was removed and blocked.` : `${who} was removed.`;
    case 'node-approved':
      return by === undefined ? `${who} was approved.` : `${who} was approved ${by}.`;
    case 'node-declined':
      return by === undefined ? `${who} was refused.` : `${who} was refused ${by}.`;
    case 'hub-started':
      return `The hub started with version ${version ?? ''}.`;
    case 'node-readmitted':
      return `${who} may join again.`;
    case 'model-ready':
      return `${what} runs on ${nodes ?? ''}.`;
    case 'model-lost':
      if (detail['moves'] === 'yes') return `${what} moves away from ${nodes ?? ''}: ${reason}.`;
      return `${what} stopped on ${nodes ?? ''}: ${reason}.`;
    case 'model-moved':
      return describeMove(what, detail);
    case 'model-deployed':
      return `${what} was deployed.`;
    case 'model-undeployed':
      return `${what} was undeployed.`;
    case 'model-added':
      return `${what} was added.`;
    case 'model-removed':
      return `${what} was removed from the hub.`;
    case 'settings-changed':
      return describeSettings(actor, settings ?? '');
    case 'password-changed':
      return 'The admin password changed.';
    case 'certificate-changed':
      return 'The certificate changed.';
    case 'key-created':
      return `The API key ${name ?? ''} was made.`;
    case 'key-revoked':
      return 'An API key was revoked.';
    case 'join-token-created':
      return `The join token ${name ?? ''} was made.`;
    case 'join-token-revoked':
      return 'A join token was revoked.';
    case 'hub-token-replaced':
      return 'The hub’s own join token was replaced.';
    case 'invite-created':
      return `The invite ${name ?? ''} was made.`;
    case 'invite-revoked':
      return name === undefined ? 'An invite was ended.' : `The invite ${name} was ended.`;
  }
}

/** @param settings names that programs know, with `, ` between them */
function describeSettings(actor: string | null, settings: string): string {
  const names = settings
    .split(', ')
    .map((one) => /* @wc-include */ `“${settingNames[one] ?? one}”`)
    .join(comma);
  if (actor === null) return `Settings changed: ${names}.`;
  if (actor === 'admin') return `The admin changed ${names}.`;
  if (actor === 'local') return `Someone on the hub’s own machine changed ${names}.`;
  return `The key ${keyOf(actor)} changed ${names}.`;
}

const keyOf = (actor: string): string => actor.replace(/^key:/, '');

/** Who changed something; undefined where nobody did, or where this browser may not know. */
function describeActor(actor: string | null): string | undefined {
  if (actor === null) return undefined;
  if (actor === 'admin') return 'by the admin';
  if (actor === 'local') return 'from the hub’s own machine';
  return `with the key ${keyOf(actor)}`;
}
