/** Which kinds of events lists show. */
import { HistoryKind, type HistoryTopic } from '@potluck/api';

const kindsByTopic: Record<HistoryTopic, HistoryKind[]> = {
  nodes: [
    'node-joined',
    'node-left',
    'node-lost',
    'node-refused',
    'node-changed',
    'node-evicted',
    'node-readmitted',
    'node-approved',
    'node-declined',
  ],
  models: [
    'model-ready',
    'model-lost',
    'model-moved',
    'model-deployed',
    'model-undeployed',
    'model-added',
    'model-removed',
  ],
  settings: [
    'settings-changed',
    'password-changed',
    'certificate-changed',
    'key-created',
    'key-revoked',
    'join-token-created',
    'join-token-revoked',
    'hub-token-replaced',
    'invite-created',
    'invite-revoked',
  ],
};

/** @returns undefined where all kinds are wanted */
export function kindsOf(topic: HistoryTopic | undefined): HistoryKind[] | undefined {
  return topic && kindsByTopic[topic];
}

/** Kinds that callers see who may not administer: nothing of settings, keys and invites. */
export function kindsForAll(topic: HistoryTopic | undefined): HistoryKind[] {
  const hidden = new Set(kindsByTopic.settings);
  return (kindsOf(topic) ?? HistoryKind.options).filter((kind) => !hidden.has(kind));
}
