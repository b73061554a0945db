/** Who the caller is, and how a browser logs in. */
import { z } from 'zod';
import { Scope } from './common.ts';

/** `GET /api/session`: open to everybody; also gives a browser its identity (an HttpOnly cookie). */
export const Session = z
  .object({
    scopes: z.array(Scope).meta({ description: 'Empty: log in, or send a key' }),
    /** `local`: a program or page on the hub's own machine; `key`: an API key; `login`: a session cookie. */
    via: z.enum(['none', 'local', 'key', 'login']),
    /** False until somebody chose the administrator's password: the first start asks for it. */
    hasAdminPassword: z.boolean(),
    /** True where the caller may choose it now (`PUT /api/session/password`). */
    maySetAdminPassword: z.boolean(),
    hub: z.object({ id: z.string(), version: z.string() }),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

/**
 * `POST /api/session`: exactly one of them; `secret` is for people, who may have been given either. The answer is a Session
 * and sets a cookie.
 */
export const Login = z
  .union([
    z.strictObject({ secret: z.string().min(1).max(500) }),
    z.strictObject({ password: z.string().min(1).max(500) }),
    z.strictObject({ key: z.string().min(1).max(500) }),
  ])
  .meta({ id: 'Login' });
export type Login = z.infer<typeof Login>;

/** `PUT /api/session/password`. `current` is needed once there is one. Ends all other logins. */
export const NewPassword = z
  .strictObject({
    password: z.string().min(8, 'at least 8 characters').max(500),
    current: z.string().max(500).optional(),
  })
  .meta({ id: 'NewPassword' });
export type NewPassword = z.infer<typeof NewPassword>;
