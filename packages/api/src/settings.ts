/** What the operator set. */
import { z } from 'zod';
import { Count, Timestamp } from './common.ts';

const HttpUrl = z.url({ protocol: /^https?$/, error: 'an http or https address' }).max(500);

/** RFC 7065; the port and the transport may be left out. */
export const TurnUrl = z
  .string()
  .max(300)
  .regex(/^turns?:(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?$/i, {
    error: 'a TURN server, such as turn:turn.example.org:3478',
  });

export const Settings = z
  .object({
    /** Rises at every change; send it back to change something. */
    revision: Count,
    /** Days for which requests are kept; null keeps them for good. */
    retentionDays: z.number().int().min(1).max(3650).nullable(),
    /** Keep prompt and answer of the app's own chat with the request. */
    keepChatWords: z.boolean(),
    /** Keep prompt and answer of what programs ask with the request. */
    keepApiWords: z.boolean(),
    /**
     * Programs on the hub's own machine may ask without a key. Until there is an administrator's password, they may also
     * administer. Without effect where `behindProxy` is true.
     */
    trustLocal: z.boolean(),
    /** True where the hub was started with `--behind-proxy`: everybody needs a key or a login. */
    behindProxy: z.boolean(),
    /** The last request without a key that looked as if a proxy on the hub's machine had passed it on; null: none. */
    proxySeen: z.object({ at: Timestamp, sign: z.string() }).nullable(),
    /** Where models are fetched by name: the Hugging Face Hub, or a mirror of it. */
    hubEndpoint: HttpUrl,
    /** True where a token for gated models is kept. The token itself is never sent. */
    hasHubToken: z.boolean(),
    /** TURN servers for workers that find no direct way to each other, beside `flagTurnUrls`. */
    turnUrls: z.array(TurnUrl).max(8),
    turnUsername: z.string().max(500),
    /** True where the password for them is kept. The password itself is sent to workers only. */
    hasTurnCredential: z.boolean(),
    /** TURN servers of the flag `--turn`; they are used, too. */
    flagTurnUrls: z.array(z.string()),
    /** Answers where a request names no model, while it is deployed; null: the one that was deployed first. */
    defaultModel: z.string().max(200).nullable(),
    /**
     * Devices load stages to stand by for lost ones while so much of all devices' memory is in use at most, what stands by
     * included: 0 (nobody stands by) to 1.
     */
    standbyShare: z.number().min(0).max(1),
    /** Folders below which models may be imported from; empty: any, for administrators. */
    modelDirectories: z.array(z.string()),
  })
  .meta({ id: 'Settings' });
export type Settings = z.infer<typeof Settings>;

/** `PATCH /api/settings`. Another `revision` than the present one is answered with 409 `conflict`. */
export const SettingsChange = z
  .strictObject({
    revision: Count,
    retentionDays: z.number().int().min(1).max(3650).nullable().optional(),
    keepChatWords: z.boolean().optional(),
    keepApiWords: z.boolean().optional(),
    trustLocal: z.boolean().optional(),
    defaultModel: z.string().max(200).nullable().optional(),
    standbyShare: z.number().min(0).max(1).optional(),
    hubEndpoint: HttpUrl.optional(),
    /** Null forgets it. */
    hubToken: z.string().min(1).max(500).nullable().optional(),
    /** Takes effect for workers that join from then on. Servers need a user name and a password. */
    turnUrls: z.array(TurnUrl).max(8).optional(),
    turnUsername: z.string().max(500).optional(),
    /** Null forgets it. */
    turnCredential: z.string().min(1).max(500).nullable().optional(),
  })
  .meta({ id: 'SettingsChange' });
export type SettingsChange = z.infer<typeof SettingsChange>;
