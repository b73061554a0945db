/** Invites: one link, or a short code, by which a friend may chat and lend a device. Hashed at rest, shown once. */
import { z } from 'zod';
import { Count, Name, Timestamp } from './common.ts';

export const Invite = z
  .object({
    id: z.string(),
    name: z.string(),
    /** The first characters, to tell invites apart. */
    prefix: z.string(),
    createdAt: Timestamp,
    /** Nobody accepts it from then on; those who did stay. */
    expiresAt: Timestamp,
    revokedAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable(),
    /** Until when its code works; null where there is none. */
    codeExpiresAt: Timestamp.nullable(),
    mostUses: Count,
    uses: Count,
    /** Devices that are here with it. */
    nodes: Count,
  })
  .meta({ id: 'Invite' });
export type Invite = z.infer<typeof Invite>;

/** `POST /api/invites`. */
export const NewInvite = z
  .strictObject({
    name: Name,
    expiresAt: Timestamp,
    mostUses: z.number().int().min(1).max(1000).default(1),
    /** Make a short code, too: it works for a day at most. */
    withCode: z.boolean().default(false),
  })
  .meta({ id: 'NewInvite' });
export type NewInvite = z.input<typeof NewInvite>;

/** The only answer that has the invite's secret, and its code. */
export const CreatedInvite = Invite.extend({
  secret: z.string(),
  code: z.string().nullable(),
  links: z.array(z.string()).meta({ description: 'To open in a browser, the likeliest to work first' }),
}).meta({ id: 'CreatedInvite' });
export type CreatedInvite = z.infer<typeof CreatedInvite>;

/** `POST /api/invites/accept`: the secret of an invite's link, or its code. */
export const InviteAcceptance = z
  .strictObject({ secret: z.string().trim().min(1).max(500) })
  .meta({ id: 'InviteAcceptance' });
export type InviteAcceptance = z.infer<typeof InviteAcceptance>;

/** The browser has a login now, where it had none; with the token its device may join. */
export const AcceptedInvite = z
  .object({ name: z.string(), joinToken: z.string() })
  .meta({ id: 'AcceptedInvite' });
export type AcceptedInvite = z.infer<typeof AcceptedInvite>;
