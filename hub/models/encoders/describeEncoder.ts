/** What a model's package says of an encoder. */
import { z } from 'zod';
import type { EncoderDescription } from '@potluck/protocol';
import type { ImportedEncoder } from '@potluck/onnx';
import { ModelError } from '../modelError.ts';
import type { SentenceFiles, SentenceModel } from './sentenceModel.ts';

const Scoring = z.looseObject({
  activation_fn: z.string().nullish(),
  sbert_ce_default_activation_function: z.string().nullish(),
  sentence_transformers: z.looseObject({ activation_fn: z.string().nullish() }).nullish(),
});

/** @throws ModelError for a classifier that is no reranker */
export function describeEncoder(
  { gives, size }: Pick<ImportedEncoder, 'gives' | 'size'>,
  sentence: SentenceModel,
  files: SentenceFiles['files'],
): EncoderDescription {
  const { prompts, defaultPrompt, lowerCase, normalizes, shorter, pooling } = sentence;
  const common = { size, prompts, lowerCase, ...(defaultPrompt === undefined ? {} : { defaultPrompt }) };
  if (gives !== 'scores') {
    return {
      ...common,
      task: 'embeddings',
      pooling: gives === 'vector' ? 'in the graph' : pooling.join(' and '),
      normalizes,
      ...(shorter === undefined ? {} : { shorter }),
    };
  }
  if (size !== 1) {
    throw new ModelError(
      `it is a classifier of ${size} classes. The hub serves rerankers, which give one score for a query and a document`,
    );
  }
  return {
    ...common,
    task: 'rerank',
    pooling: 'in the graph',
    normalizes: false,
    activation: activationOf(files),
  };
}

/** Sigmoid, unless the model says otherwise: as Sentence Transformers reads it. */
export function activationOf(files: SentenceFiles['files']): 'sigmoid' | 'identity' {
  for (const name of ['config_sentence_transformers.json', 'config.json']) {
    const bytes = files.get(name);
    const found = bytes && Scoring.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
    const activation =
      found?.sentence_transformers?.activation_fn ??
      found?.activation_fn ??
      found?.sbert_ce_default_activation_function;
    if (activation) return activation.endsWith('Identity') ? 'identity' : 'sigmoid';
  }
  return 'sigmoid';
}
