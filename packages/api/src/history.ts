/** What happened to the hub and its devices, and who changed what: kept over restarts, with the names of that time. */
import { z } from 'zod';
import { Count, Timestamp } from './common.ts';

export const HistoryKind = z.enum([
  'node-joined',
  /** Said that it goes, or was told to. */
  'node-left',
  /** Its connection ended. */
  'node-lost',
  /** It wanted to join, and may not. */
  'node-refused',
  /** Renamed, paused, or active again. */
  'node-changed',
  'node-evicted',
  'node-readmitted',
  /** It was never here, waited, and may take layers now. */
  'node-approved',
  /** It was never here, waited, and may not join. */
  'node-declined',
  /** The hub itself, at each start. */
  'hub-started',
  /** Answers from now on, on the nodes that are named. */
  'model-ready',
  /** A node of its pipeline is gone or failed. */
  'model-lost',
  /** It went elsewhere to be faster, and answers have shown whether it is. */
  'model-moved',
  'model-deployed',
  'model-undeployed',
  'model-added',
  'model-removed',
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
]);
export type HistoryKind = z.infer<typeof HistoryKind>;

/** Kinds that people look at together. */
export const HistoryTopic = z.enum(['nodes', 'models', 'settings']);
export type HistoryTopic = z.infer<typeof HistoryTopic>;

export const HistoryEvent = z
  .object({
    id: Count,
    at: Timestamp,
    kind: HistoryKind,
    node: z.string().nullable().meta({ description: 'Its name at that time' }),
    model: z.string().nullable(),
    actor: z.string().nullable().meta({
      description:
        'Who changed it: `admin` (logged in), `local` (the hub’s own machine) or `key:` and the name of a key. Null where nobody did, and for callers that may not administer.',
    }),
    detail: z.record(z.string(), z.string()).meta({
      description:
        'By the kind: `reason`, `nodes`, `name`, `mode`, `settings`; milliseconds that a token took `before` a move, was to take (`promised`), and takes (`measured`), and whether that `paid`; `more` where more of a kind happened in a minute than are kept',
    }),
  })
  .meta({ id: 'HistoryEvent' });
export type HistoryEvent = z.infer<typeof HistoryEvent>;

/** `GET /api/history`: newest first. */
export const HistoryQuery = z.strictObject({
  topic: HistoryTopic.optional(),
  /** Name of a node or a model. */
  about: z.string().max(200).optional(),
  /** `next` of the page before. */
  before: z.coerce.number().int().nonnegative().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type HistoryQuery = z.infer<typeof HistoryQuery>;

export const HistoryPage = z
  .object({ events: z.array(HistoryEvent), next: Count.nullable() })
  .meta({ id: 'HistoryPage' });
export type HistoryPage = z.infer<typeof HistoryPage>;
