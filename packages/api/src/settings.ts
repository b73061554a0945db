/** What the operator set. */
import { z } from 'zod';
import { Count } from './common.ts';

const HttpUrl = z.url({ protocol: /^https?$/, error: 'an http or https address' }).max(500);

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
    /** Programs and pages on the hub's own machine need no key and may administer. */
    trustLocal: z.boolean(),
    /** Where models are fetched by name: the Hugging Face Hub, or a mirror of it. */
    hubEndpoint: HttpUrl,
    /** True where a token for gated models is kept. The token itself is never sent. */
    hasHubToken: z.boolean(),
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
    hubEndpoint: HttpUrl.optional(),
    /** Null forgets it. */
    hubToken: z.string().min(1).max(500).nullable().optional(),
  })
  .meta({ id: 'SettingsChange' });
export type SettingsChange = z.infer<typeof SettingsChange>;
