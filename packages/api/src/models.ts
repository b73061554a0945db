/** Models that are here, that could be, and how they come in. */
import { z } from 'zod';
import { Bytes, Count, Timestamp } from './common.ts';
import { ModelDefaults } from './settings.ts';

/** Does it fit the grid as it is; an estimate before a model is here, exact afterwards. */
export const Fit = z
  .object({
    fits: z.boolean(),
    neededBytes: Bytes,
    offeredBytes: Bytes,
    message: z.string().meta({ description: 'For people, with numbers' }),
  })
  .meta({ id: 'Fit' });
export type Fit = z.infer<typeof Fit>;

export const Model = z
  .object({
    id: z.string(),
    /** `chat`: it writes text; the others are encoders, which `/v1/embeddings` and `/v1/rerank` ask. */
    task: z.enum(['chat', 'embeddings', 'rerank']).default('chat'),
    /** For people: a directory, a repository, an npm package. */
    source: z.string(),
    license: z.string().nullable(),
    importedAt: Timestamp,
    parameterCount: Count,
    contextLength: Count,
    vocabularySize: Count,
    /** All weights; what a grid has to hold. */
    weightBytes: Bytes,
    embeddingBytes: Bytes,
    headBytes: Bytes,
    /** Shared by embedding and head, beside the bytes of their own: a node with both ends needs them once. */
    tiedBytes: Bytes,
    layers: z.array(z.object({ weightBytes: Bytes, cacheBytesPerToken: Bytes, stateBytes: Bytes })),
    notes: z.array(z.string()),
    /** Comes with the hub; can't be removed. */
    builtIn: z.boolean(),
    deployed: z.boolean(),
    /** Answers where a request names no model. */
    isDefault: z.boolean().default(false),
    /** True where a request that names it deploys it. */
    loadsOnDemand: z.boolean().default(false),
    /** Other names that `/v1` takes for it. */
    aliases: z.array(z.string()).default([]),
    /** What it is told, and how it draws, where nobody says otherwise; null where nobody chose. */
    defaults: ModelDefaults.nullable().default(null),
  })
  .meta({ id: 'Model' });
export type Model = z.infer<typeof Model>;

/** `GET /api/models` */
export const ModelList = z
  .object({
    models: z.array(Model),
    /** What lies among the models and can't be used: by id, or by file name. */
    leftOut: z.array(z.object({ name: z.string(), reason: z.string() })),
  })
  .meta({ id: 'ModelList' });
export type ModelList = z.infer<typeof ModelList>;

/** One graph of a repository, such as `model_q4`. */
export const HubVariant = z
  .object({
    name: z.string(),
    /** Graph, weights and tokenizer: what would be fetched. */
    bytes: Bytes,
    files: z.array(z.object({ path: z.string(), bytes: Bytes })),
    fit: Fit,
    /** The one that is taken where none is chosen. */
    preferred: z.boolean(),
  })
  .meta({ id: 'HubVariant' });
export type HubVariant = z.infer<typeof HubVariant>;

/** `GET /api/remote-models/:owner/:name`: a repository of the Hugging Face Hub, looked at. */
export const HubModel = z
  .object({
    repository: z.string(),
    revision: z.string(),
    license: z.string().nullable(),
    /** True: the owner must let you in, and a token of yours is needed. */
    gated: z.boolean(),
    downloads: Count.nullable(),
    variants: z.array(HubVariant),
    /** Id that the model would have here, for the preferred variant. */
    id: z.string(),
  })
  .meta({ id: 'HubModel' });
export type HubModel = z.infer<typeof HubModel>;

/** `GET /api/remote-models?search=`: found on the Hub. */
export const HubSearchResult = z
  .object({
    repository: z.string(),
    downloads: Count.nullable(),
    likes: Count.nullable(),
    gated: z.boolean(),
  })
  .meta({ id: 'HubSearchResult' });
export type HubSearchResult = z.infer<typeof HubSearchResult>;

/** A well-known instruct model that the hub can fetch in one click. */
export const Suggestion = z
  .object({
    repository: z.string(),
    name: z.string(),
    description: z.string(),
    license: z.string(),
    variant: z.string(),
    /** For people, such as `4-bit weights`. */
    quantization: z.string(),
    /** The model's own; what is served depends on the devices. In tokens. */
    contextLength: Count,
    capabilities: z.array(z.enum(['tools', 'thinking'])),
    parameterCount: Count,
    /** About; the Hub's own number is in HubModel. */
    bytes: Bytes,
    fit: Fit,
  })
  .meta({ id: 'Suggestion' });
export type Suggestion = z.infer<typeof Suggestion>;

/** `GET /api/remote-hub`: can models be fetched by name right now. */
export const RemoteHubState = z
  .object({
    endpoint: z.string(),
    /** Why not, and what to do; null where it answers. */
    problem: z.string().nullable(),
  })
  .meta({ id: 'RemoteHubState' });
export type RemoteHubState = z.infer<typeof RemoteHubState>;

export const ImportState = z.enum([
  /** An upload that waits for its files. */
  'waiting',
  'downloading',
  'importing',
  'done',
  'failed',
  /** Stopped, by a restart or by hand; `resume` goes on where it was. */
  'paused',
]);
export type ImportState = z.infer<typeof ImportState>;

/** A model on its way in. */
export const Import = z
  .object({
    id: z.string(),
    kind: z.enum(['hub', 'directory', 'upload']),
    /** Repository, directory, or the upload's name. */
    source: z.string(),
    variant: z.string().nullable(),
    state: ImportState,
    doneBytes: Bytes,
    /** Null until it is known. */
    totalBytes: Bytes.nullable(),
    bytesPerSecond: z.number().nullable(),
    /** The model's id, once it is known. */
    model: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    /** Why a download pauses, and when it goes on by itself; null while it does not pause. */
    waiting: z.object({ reason: z.string(), until: Timestamp }).nullable().default(null),
    /** True where `POST /api/imports/:id/resume` can help. */
    resumable: z.boolean(),
    /** True: served as soon as it is here, on as few nodes as it fits on. */
    deploy: z.boolean().default(false),
    /** Of an upload: how much of each file is here. */
    files: z.array(z.object({ path: z.string(), bytes: Bytes, receivedBytes: Bytes })),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Import' });
export type Import = z.infer<typeof Import>;

const RepositoryName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*\/[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'a repository such as owner/name');

/** A variant's name: a file name without its ending. */
const VariantName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'a graph such as model_q4');

/** A path inside an upload: at most one folder, no way out of it. */
export const UploadPath = z
  .string()
  .max(200)
  .regex(
    /^((onnx|[1-9]_[A-Za-z]{1,40})\/)?[A-Za-z0-9_][A-Za-z0-9._-]*$/,
    'a file name such as config.json, onnx/model_q4.onnx or 1_Pooling/config.json, without other folders',
  );

const DeployWhenHere = z
  .boolean()
  .default(false)
  .meta({ description: 'Serve it as soon as it is here, on as few nodes as it fits on' });

/** `POST /api/imports`. The answer is an Import; an upload then waits for its files. */
export const NewImport = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('hub'),
      repository: RepositoryName,
      variant: VariantName.optional(),
      revision: z
        .string()
        .max(200)
        .regex(/^[A-Za-z0-9_][A-Za-z0-9._/-]*$/, 'a branch, tag or commit')
        .optional(),
      /** For a gated repository; not kept beyond this import. The one in the settings is used otherwise. */
      token: z.string().min(1).max(500).optional(),
      deploy: DeployWhenHere,
    }),
    z.strictObject({
      kind: z.literal('directory'),
      path: z.string().min(1).max(4096),
      variant: VariantName.optional(),
      deploy: DeployWhenHere,
    }),
    z.strictObject({
      kind: z.literal('upload'),
      name: z
        .string()
        .max(100)
        .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'letters, digits, dots, dashes and underscores'),
      variant: VariantName.optional(),
      deploy: DeployWhenHere,
      files: z
        .array(z.strictObject({ path: UploadPath, bytes: Bytes.min(1) }))
        .min(1)
        .max(200),
    }),
  ])
  .meta({ id: 'NewImport' });
export type NewImport = z.input<typeof NewImport>;
