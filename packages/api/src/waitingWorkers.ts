/** Workers that wait for the hub to call them: `potluck worker --listen PORT --token T`. */
import { z } from 'zod';

/** A name or an address as `potluck hub --addresses` takes it; told apart from URLs, which people paste. */
const Host = z
  .union([z.hostname(), z.ipv4(), z.ipv6()], {
    error: 'a name or address, such as attic.local or 192.168.1.30, without http:// and port',
  })
  .meta({ description: 'Name or address; IPv6 without brackets' });

/** `POST /api/nodes` and `POST /api/nodes/test-connection`: where it waits, and the secret that it was started with. */
export const WaitingWorker = z
  .strictObject({
    host: Host,
    port: z.number().int().min(1).max(65_535),
    token: z.string().min(8, 'the --token of the worker has at least 8 characters').max(500),
  })
  .meta({ id: 'WaitingWorker' });
export type WaitingWorker = z.infer<typeof WaitingWorker>;

/**
 * One thing that was tried, in this order: `reachable` (the port answers), `authorised` (it is a waiting worker, it has
 * the same token, versions agree), `hub` (the worker reaches this hub), `candidates` (kinds of addresses that it finds for
 * peers), `peer` (a direct connection to a worker of the grid). The first that fails is the last, but for the last two.
 */
export const ConnectionStep = z
  .object({
    step: z.enum(['reachable', 'authorised', 'hub', 'candidates', 'peer']),
    state: z.enum(['passed', 'failed', 'skipped']),
    /** What came of it and what to do, for people. */
    message: z.string(),
    milliseconds: z.number().nonnegative(),
    /** With `candidates`: kinds of ICE candidates, such as `host` and `srflx`. */
    candidateTypes: z.array(z.string()).optional(),
    /** With `peer`: kinds of the candidates in use. */
    candidates: z.object({ local: z.string(), remote: z.string() }).optional(),
  })
  .meta({ id: 'ConnectionStep' });
export type ConnectionStep = z.infer<typeof ConnectionStep>;

/** The answer when a waiting worker has joined. */
export const AddedNode = z.object({ id: z.string(), name: z.string() }).meta({ id: 'AddedNode' });
export type AddedNode = z.infer<typeof AddedNode>;
