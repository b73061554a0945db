/** What happened, in a sentence. */
import type { HistoryEvent } from '@potluck/api';

/** What settings are called; others by the name that programs know. */
const settingNames: Record<string, string> = /* @wc-include */ {
  retentionDays: 'how long requests are kept',
  keepChatWords: 'keep words of chats',
  keepApiWords: 'keep words of programs',
  trustLocal: 'trust this machine',
  hubEndpoint: 'model source',
  hubToken: 'Hugging Face token',
  turnUrls: 'TURN servers',
  turnUsername: 'TURN user name',
  turnCredential: 'TURN password',
  defaultModel: 'default model',
  standbyShare: 'memory for standby',
};

/** Codes of connections are for the log, and the sentence has a point of its own. */
function plainReason(reason: string): string {
  return reason.replace(/ \(code \d+\)/, '').replace(/\.$/, '');
}

export function describeHistory({ kind, node, model, detail }: HistoryEvent): string {
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
    case 'node-readmitted':
      return `${who} may join again.`;
    case 'model-ready':
      return `${what} runs on ${nodes ?? ''}.`;
    case 'model-lost':
      return `${what} stopped on ${nodes ?? ''}: ${reason}.`;
    case 'model-deployed':
      return `${what} was deployed.`;
    case 'model-undeployed':
      return `${what} was undeployed.`;
    case 'model-added':
      return `${what} was added.`;
    case 'model-removed':
      return `${what} was removed from the hub.`;
    case 'settings-changed':
      return `Settings changed: ${(settings ?? '')
        .split(', ')
        .map((one) => settingNames[one] ?? one)
        .join(', ')}.`;
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
      return 'An invite was ended.';
  }
}

/** Who changed something; undefined where nobody did, or where this browser may not know. */
export function describeActor(actor: string | null): string | undefined {
  if (actor === null) return undefined;
  if (actor === 'admin') return 'by the admin';
  if (actor === 'local') return 'from the hub’s own machine';
  return `with the key ${actor.replace(/^key:/, '')}`;
}
