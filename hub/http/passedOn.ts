/** What a hub that does not lead says of a request that it passes on to the one that leads. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from 'hono';
import { z } from 'zod';
import { sameSecret } from '../accounts/secrets.ts';

/** Headers between hubs; nobody else's count. */
export const passedOnHeaders = {
  /** Shows that another hub asks. */
  secret: 'x-potluck-front',
  /** `PassedOn` as JSON. */
  about: 'x-potluck-passed-on',
  /** In an answer: whoever was asked does not lead, so that the request waits for the one that does. */
  notLeading: 'x-potluck-not-leading',
} as const;

/** The connection on which the request came to the other hub, and what that hub knows of its answer. */
export const PassedOn = z.object({
  address: z.string().optional(),
  localPort: z.int().optional(),
  protocol: z.enum(['http', 'https']),
  httpVersion: z.string(),
  /** The header of that name: it is about one connection only. */
  connection: z.string().optional(),
  /** For requests whose answer can go on after its hub was lost. */
  answer: z
    .object({
      /** What the request is called where its client gave it no name. */
      id: z.uuid(),
      /** For draws where the request names no seed: whoever answers again draws the same. */
      seed: z.int().nonnegative(),
      /** Events that the client has, of each answer. */
      eventsRead: z.array(z.int().nonnegative()),
      /** True where a hub that had the request was lost. */
      isAgain: z.boolean(),
    })
    .optional(),
});
export type PassedOn = z.infer<typeof PassedOn>;

/** Such as the environment that @hono/node-server passes on. */
interface Environment {
  passedOn?: PassedOn;
}

/** @returns undefined where it did not come from another hub */
export function readPassedOn(headers: IncomingHttpHeaders, secret: string): PassedOn | undefined {
  const [shown, about] = [headers[passedOnHeaders.secret], headers[passedOnHeaders.about]];
  if (typeof shown !== 'string' || typeof about !== 'string' || !sameSecret(shown, secret)) return undefined;
  try {
    return PassedOn.safeParse(JSON.parse(about)).data;
  } catch {
    return undefined;
  }
}

/** Lets everything that answers the request know. */
export function notePassedOn(environment: object, passedOn: PassedOn): void {
  Object.assign(environment, { passedOn } satisfies Environment);
}

/** What another hub said of the request; undefined where it came from its client itself. */
export function passedOnOf(c: Pick<Context, 'env'>): PassedOn | undefined {
  return (c.env as Environment | undefined)?.passedOn;
}
