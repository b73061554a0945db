/** API keys (who may ask or administer) and join tokens (who may join). Hashed at rest, shown once. */
import { z } from 'zod';
import { Count, Name, Scope, Timestamp } from './common.ts';

/** What a key may do at most; what is left out is not limited. */
export const KeyLimits = z
  .strictObject({
    requestsPerMinute: z.number().int().min(1).optional(),
    concurrentRequests: z.number().int().min(1).optional(),
    /** Prompt and answer together, over the last 24 hours. */
    tokensPerDay: z.number().int().min(1).optional(),
    /** Models that may be asked; left out: all. */
    models: z.array(z.string().max(200)).max(100).optional(),
  })
  .meta({ id: 'KeyLimits' });
export type KeyLimits = z.infer<typeof KeyLimits>;

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    /** The first characters, to tell keys apart. */
    prefix: z.string(),
    scopes: z.array(Scope),
    limits: KeyLimits,
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    revokedAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

/** `POST /api/keys`. */
export const NewApiKey = z
  .strictObject({
    name: Name,
    scopes: z.array(Scope).min(1).default(['ask']),
    limits: KeyLimits.default({}),
    expiresAt: Timestamp.nullable().default(null),
  })
  .meta({ id: 'NewApiKey' });
export type NewApiKey = z.input<typeof NewApiKey>;

/** The only answer that has the key itself. */
export const CreatedApiKey = ApiKey.extend({ secret: z.string() }).meta({ id: 'CreatedApiKey' });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const JoinToken = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string(),
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    revokedAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable(),
    /** Nodes that are here with it. */
    nodes: Count,
    /** The hub's own, from its secrets file or `--join-token`: can be replaced, not revoked. */
    permanent: z.boolean(),
  })
  .meta({ id: 'JoinToken' });
export type JoinToken = z.infer<typeof JoinToken>;

/** `POST /api/join-tokens/hub/replace`: `stay` lets devices that joined with the former token stay and come back. */
export const JoinTokenReplacement = z
  .strictObject({ stay: z.boolean().default(true) })
  .meta({ id: 'JoinTokenReplacement' });
export type JoinTokenReplacement = z.input<typeof JoinTokenReplacement>;

/** `POST /api/join-tokens`. */
export const NewJoinToken = z
  .strictObject({ name: Name, expiresAt: Timestamp.nullable().default(null) })
  .meta({ id: 'NewJoinToken' });
export type NewJoinToken = z.input<typeof NewJoinToken>;

/** The only answer that has the token itself, and what to do with it. */
export const CreatedJoinToken = JoinToken.extend({
  secret: z.string(),
  links: z.array(z.string()).meta({ description: 'To open in a browser, the likeliest to work first' }),
  commands: z.array(z.string()).meta({ description: 'For machines without one, the likeliest first' }),
}).meta({ id: 'CreatedJoinToken' });
export type CreatedJoinToken = z.infer<typeof CreatedJoinToken>;
