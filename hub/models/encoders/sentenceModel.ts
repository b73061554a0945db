/** How an encoder makes one vector of a text: from the files of Sentence Transformers beside it, else by its family. */
import { z } from 'zod';
import type { EncoderDescription } from '@potluck/protocol';
import { poolingModes, type Activation, type DenseLayer, type PoolingMode } from '@potluck/onnx';
import { ModelError } from '../modelError.ts';
import { encoderFamily } from './encoderFamilies.ts';
import { readSafetensors } from './safetensors.ts';

export interface SentenceModel extends Pick<
  EncoderDescription,
  'normalizes' | 'shorter' | 'prompts' | 'defaultPrompt' | 'lowerCase'
> {
  /** Empty where the graph gives a vector by itself. */
  pooling: PoolingMode[];
  dense: DenseLayer[];
  /** Longest text that the model was made for, in tokens; undefined where nothing says so. */
  maxTokens: number | undefined;
}

/** The model's small files by their path, and what the model is called. */
export interface SentenceFiles {
  files: ReadonlyMap<string, Uint8Array>;
  names: readonly string[];
}

export const Modules = z
  .array(z.object({ path: z.string().max(200).default(''), type: z.string().max(200) }))
  .max(20);
const Pooling = z.looseObject({
  pooling_mode: z.union([z.string(), z.array(z.string())]).optional(),
  include_prompt: z.boolean().optional(),
});
const Dense = z.object({
  in_features: z.int().min(1).max(65_536),
  out_features: z.int().min(1).max(65_536),
  bias: z.boolean().default(true),
  activation_function: z.string().default('torch.nn.modules.activation.Tanh'),
});
const SentenceBert = z.object({
  max_seq_length: z.int().min(1).nullish(),
  do_lower_case: z.boolean().nullish(),
});
export const SentenceTransformers = z.object({
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
});
const Config = z.looseObject({
  _name_or_path: z.string().optional(),
  is_matryoshka: z.boolean().optional(),
  matryoshka_dimensions: z.array(z.int().min(1)).max(100).optional(),
  max_position_embeddings: z.int().min(1).optional(),
  model_type: z.string().optional(),
  pad_token_id: z.int().nullish(),
});

/** Keys of `1_Pooling/config.json`. */
const poolingKeys: Readonly<Record<string, PoolingMode>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean-sqrt',
  pooling_mode_weightedmean_tokens: 'weighted-mean',
  pooling_mode_lasttoken: 'last',
};
/** Values of `pooling_mode`, as newer versions write it. */
const poolingNames: Readonly<Record<string, PoolingMode>> = {
  cls: 'cls',
  mean: 'mean',
  max: 'max',
  mean_sqrt_len_tokens: 'mean-sqrt',
  weightedmean: 'weighted-mean',
  lasttoken: 'last',
};
const activationNames: Readonly<Record<string, Activation>> = {
  'torch.nn.modules.linear.Identity': 'identity',
  'torch.nn.modules.activation.Tanh': 'tanh',
  'torch.nn.modules.activation.ReLU': 'relu',
  'torch.nn.modules.activation.Sigmoid': 'sigmoid',
};

/**
 * @param gives what the graph gives: for vectors of tokens, something must say how one is made of them
 * @throws ModelError naming what is missing, or what the hub does not compute
 */
export function readSentenceModel(
  sources: SentenceFiles,
  gives: 'vector' | 'token-vectors' | 'scores',
): SentenceModel {
  const { files } = sources;
  const config = readSentenceFile(files, 'config.json', Config) ?? {};
  const bert = readSentenceFile(files, 'sentence_bert_config.json', SentenceBert);
  const own = readSentenceFile(files, 'config_sentence_transformers.json', SentenceTransformers);
  const family = encoderFamily([...sources.names, config._name_or_path ?? '']);
  const prompts = own?.prompts ?? family?.prompts ?? {};
  const named = Object.hasOwn(prompts, own?.default_prompt_name ?? '') ? own?.default_prompt_name : undefined;
  const shorter = config.matryoshka_dimensions ?? (config.is_matryoshka === true ? 'any' : family?.shorter);
  return {
    ...(gives === 'token-vectors' ? vectorOf(sources, family?.pooling) : wholeVector(files)),
    maxTokens: bert?.max_seq_length ?? positionsOf(config),
    lowerCase: bert?.do_lower_case === true,
    prompts,
    ...(named ? { defaultPrompt: named } : {}),
    ...(shorter ? { shorter } : {}),
  };
}

type VectorParts = Pick<SentenceModel, 'pooling' | 'dense' | 'normalizes'>;

/** The graph pools by itself, and its dense layers are in it. */
function wholeVector(files: SentenceFiles['files']): VectorParts {
  const modules = readSentenceFile(files, 'modules.json', Modules);
  const normalizes = modules === undefined || modules.some(({ type }) => kindOf(type) === 'Normalize');
  return { pooling: [], dense: [], normalizes };
}

function vectorOf({ files, names }: SentenceFiles, familyPooling: PoolingMode | undefined): VectorParts {
  const modules = readSentenceFile(files, 'modules.json', Modules);
  if (!modules) {
    if (familyPooling) return { pooling: [familyPooling], dense: [], normalizes: true };
    throw new ModelError(
      `it gives a vector for each token, and nothing says how one is made of them: there is no modules.json, and ` +
        `${names[0] ?? 'its name'} is of no family that the hub knows. Put modules.json and 1_Pooling/config.json of the original model ` +
        'beside config.json',
    );
  }
  const parts: VectorParts = { pooling: [], dense: [], normalizes: false };
  for (const { type, path } of modules) {
    const folder = path.replace(/\/$/, '');
    switch (kindOf(type)) {
      case 'Transformer':
        break;
      case 'Pooling':
        parts.pooling = poolingOf(files, folder);
        break;
      case 'Dense':
        parts.dense.push(denseOf(files, folder));
        break;
      case 'Normalize':
        parts.normalizes = true;
        break;
      default:
        throw new ModelError(`its modules.json names ${type}, which the hub does not compute`);
    }
  }
  if (parts.pooling.length > 0) return parts;
  throw new ModelError('its modules.json names no Pooling, so there is no vector of a text');
}

/** A module's class. */
export function kindOf(type: string): string {
  return type.split('.').at(-1) ?? type;
}

function poolingOf(files: SentenceFiles['files'], folder: string): PoolingMode[] {
  const name = `${folder}/config.json`;
  const config = readSentenceFile(files, name, Pooling);
  if (!config) throw new ModelError(`it has no ${name}, which says how one vector is made of a text`);
  if (config.include_prompt === false)
    throw new ModelError(`its ${name} leaves prompts out of the pooling, which the hub does not do`);
  const named = [config.pooling_mode ?? []].flat().map((mode) => poolingNames[mode]);
  const set = Object.entries(poolingKeys).flatMap(([key, mode]) => (config[key] === true ? [mode] : []));
  const modes = named.length > 0 ? named : set;
  if (modes.length === 0 || modes.includes(undefined))
    throw new ModelError(`its ${name} asks for a pooling that the hub does not know`);
  return poolingModes.filter((mode) => modes.includes(mode));
}

function denseOf(files: SentenceFiles['files'], folder: string): DenseLayer {
  const config = readSentenceFile(files, `${folder}/config.json`, Dense);
  const weights = files.get(`${folder}/model.safetensors`);
  if (!config || !weights) {
    throw new ModelError(
      `its vectors pass ${folder}, and ${folder}/config.json or ${folder}/model.safetensors is missing`,
    );
  }
  const { in_features: inputSize, out_features: outputSize } = config;
  const activation = activationNames[config.activation_function];
  if (!activation)
    throw new ModelError(
      `${folder} has the activation ${config.activation_function}, which the hub does not know`,
    );
  const tensors = readSafetensors(`${folder}/model.safetensors`, weights);
  const weight = tensors.get('linear.weight');
  const bias = config.bias ? tensors.get('linear.bias') : undefined;
  if (
    String(weight?.shape) !== `${outputSize},${inputSize}` ||
    (config.bias && bias?.shape[0] !== outputSize)
  )
    throw new ModelError(`${folder}/model.safetensors does not fit ${folder}/config.json`);
  return {
    ...{ inputSize, outputSize, activation },
    weight: weight?.values ?? new Float32Array(0),
    bias: bias?.values,
  };
}

/** RoBERTa's positions begin behind the padding token's. */
function positionsOf({
  max_position_embeddings: positions,
  model_type: type = '',
  pad_token_id: padding,
}: z.infer<typeof Config>): number | undefined {
  if (positions === undefined || !/roberta|camembert|mpnet/.test(type)) return positions;
  return positions - (padding ?? 1) - 1;
}

/** @throws ModelError where a file is there and not as the schema says */
export function readSentenceFile<T>(
  files: SentenceFiles['files'],
  name: string,
  schema: z.ZodType<T>,
): T | undefined {
  const bytes = files.get(name);
  if (!bytes) return undefined;
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new ModelError(`its ${name} is not understood`, { cause });
  }
}
