/** What the hub that leads says of itself to the others. */
import { HubId } from '@potluck/protocol';
import { z } from 'zod';

export const LeaderRecord = z.object({
  /** Grows with each leader: who has a lower one leads no more. */
  epoch: z.coerce.number().int().positive(),
  /** Of the hub's process. */
  process: z.uuid(),
  /** Of the data directory: hubs that share a Redis share that, too. */
  hubId: HubId,
  /** Where the other hubs reach it. */
  url: z.url({ protocol: /^http$/ }),
  /** By which it knows the other hubs. */
  secret: z.string().min(20),
  /** False while it still reads its database and its models. */
  serves: z.stringbool(),
});
export type LeaderRecord = z.infer<typeof LeaderRecord>;

/** What a hub says that wants to lead; Redis gives the epoch. */
export type Candidate = Pick<LeaderRecord, 'process' | 'hubId' | 'url' | 'secret'>;
