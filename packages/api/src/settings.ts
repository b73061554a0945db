/** What the operator set. */
import { z } from 'zod';
import { Count, Timestamp } from './common.ts';
import { Sampling, SystemPrompt } from './conversations.ts';

const HttpUrl = z.url({ protocol: /^https?$/, error: 'an http or https address' }).max(500);

/** An origin as browsers send it: scheme, host and port, and nothing behind them. */
export const Origin = z
  .string()
  .max(300)
  .refine((text) => /^https?:/.test(text) && URL.parse(text)?.origin === text, {
    error: 'the origin of a web page, such as https://chat.example.org, without a path',
  });

/** What happens to a device that was never here: it is welcome, it waits until the operator approves it, or it is refused. */
export const NewDevices = z.enum(['welcome', 'ask', 'refuse']);
export type NewDevices = z.infer<typeof NewDevices>;

/** RFC 7065; the port and the transport may be left out. */
export const TurnUrl = z
  .string()
  .max(300)
  .regex(/^turns?:(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?$/i, {
    error: 'a TURN server, such as turn:turn.example.org:3478',
  });

const ModelId = z.string().min(1).max(200);
const mostAliases = 100;
const mostDefaults = 200;

/** Another name for a model: letters, digits and `._:/-`, as clients write names of models. */
export const AliasName = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]*$/, 'letters, digits, dots, dashes, colons and slashes');

/** Other names that `/v1` takes, each with the model that it means. */
export const Aliases = z
  .record(AliasName, ModelId)
  .refine((aliases) => Object.keys(aliases).length <= mostAliases, `at most ${mostAliases} aliases`);

/** What a model is told, and how it draws, where nobody says otherwise. */
export const ModelDefaults = z
  .strictObject({
    systemPrompt: SystemPrompt.default(''),
    sampling: Sampling.default({}),
  })
  .meta({ id: 'ModelDefaults' });
export type ModelDefaults = z.infer<typeof ModelDefaults>;

const DefaultsByModel = z
  .record(ModelId, ModelDefaults)
  .refine((all) => Object.keys(all).length <= mostDefaults, `at most ${mostDefaults} models`);
/** In minutes, at most a week. */
const UnloadAfter = z.number().int().min(1).max(10_080).nullable();
const CorsOrigins = z.array(Origin).max(50);
const QueueLimit = z.number().int().min(1).max(10_000);
const StandbyShare = z.number().min(0).max(1);
const DefaultModel = z.string().max(200).nullable();

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
    /** True where the password for them is kept. The password itself is sent to workers, and to administrators who test the servers. */
    hasTurnCredential: z.boolean(),
    /** TURN servers of the flag `--turn`; they are used, too. */
    flagTurnUrls: z.array(z.string()),
    /** Answers where a request names no model, while it is deployed; null: the one that was deployed first. */
    defaultModel: DefaultModel,
    /** Other names of models. A model's own name comes first. */
    aliases: Aliases,
    /** What each model is told, and how it draws, where nobody says otherwise; by the model's id. */
    modelDefaults: DefaultsByModel,
    /** Programs that ask without a system prompt or sampling get those of `modelDefaults`. The app's chat always does. */
    defaultsForPrograms: z.boolean(),
    /** A request that names a model which is here and not deployed deploys it. */
    loadOnDemand: z.boolean(),
    /** Minutes without a request after which a model is undeployed, while `loadOnDemand` is on; null: never. */
    unloadAfterMinutes: UnloadAfter,
    /**
     * Devices load stages to stand by for lost ones while so much of all devices' memory is in use at most, what stands by
     * included: 0 (nobody stands by) to 1.
     */
    standbyShare: StandbyShare,
    /** Pages of other origins that may call the API from a browser, as far as their key goes; empty: any. */
    corsOrigins: CorsOrigins,
    /** Who has a join token or an invite may bring devices that were never here, or not. */
    newDevices: NewDevices,
    /** Requests that may wait for one pipeline; more are answered with 429. */
    queueLimit: QueueLimit,
    /** Folders below which models may be imported from; empty: any, for administrators. */
    modelDirectories: z.array(z.string()),
  })
  .meta({ id: 'Settings' });
export type Settings = z.infer<typeof Settings>;

/** `GET /api/settings/turn-credential`: for the app's test of the servers; null where none is kept. */
export const TurnCredential = z.object({ credential: z.string().nullable() }).meta({ id: 'TurnCredential' });
export type TurnCredential = z.infer<typeof TurnCredential>;

/** `PATCH /api/settings`. Another `revision` than the present one is answered with 409 `conflict`. */
export const SettingsChange = z
  .strictObject({
    revision: Count,
    retentionDays: z.number().int().min(1).max(3650).nullable().optional(),
    keepChatWords: z.boolean().optional(),
    keepApiWords: z.boolean().optional(),
    trustLocal: z.boolean().optional(),
    defaultModel: DefaultModel.optional(),
    /** Replaces all of them. */
    aliases: Aliases.optional(),
    /** Replaces all of them. */
    modelDefaults: DefaultsByModel.optional(),
    defaultsForPrograms: z.boolean().optional(),
    loadOnDemand: z.boolean().optional(),
    unloadAfterMinutes: UnloadAfter.optional(),
    standbyShare: StandbyShare.optional(),
    corsOrigins: CorsOrigins.optional(),
    newDevices: NewDevices.optional(),
    queueLimit: QueueLimit.optional(),
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
