/** Rerankers that write: Sentence Transformers' LogitScore says which logits are the score. */
import { z } from 'zod';
import type { RerankerDescription } from '@potluck/protocol';
import { ModelError } from '../modelError.ts';
import { activationOf } from './describeEncoder.ts';
import {
  kindOf,
  Modules,
  readSentenceFile,
  SentenceTransformers,
  type SentenceFiles,
} from './sentenceModel.ts';

const token = z.int().min(0);
const LogitScore = z.looseObject({ true_token_id: token, false_token_id: token.nullish() });

/** What the module was called before it had its name. */
const logitScoreKinds = new Set(['LogitScore', 'CausalScoreHead']);

/**
 * @param vocabularySize of the decoder
 * @returns undefined where the model's files don't say that it is a reranker
 * @throws ModelError where they do, and the hub can't tell its score
 */
export function readLogitScore(
  files: SentenceFiles['files'],
  vocabularySize: number,
): RerankerDescription | undefined {
  const modules = readSentenceFile(files, 'modules.json', Modules) ?? [];
  const module = modules.find(({ type }) => logitScoreKinds.has(kindOf(type)));
  if (!module) return undefined;
  const name = `${module.path.replace(/\/$/, '')}/config.json`;
  const config = readSentenceFile(files, name, LogitScore);
  if (!config)
    throw new ModelError(`it is a reranker, and has no ${name}, which says which logits are its score`);
  const { true_token_id: trueTokenId, false_token_id: falseTokenId } = config;
  if (falseTokenId == null) {
    throw new ModelError(
      `it is a reranker whose score is one bare logit: its ${name} names no false_token_id. Devices tell logits only in relation to one another`,
    );
  }
  if (Math.max(trueTokenId, falseTokenId) >= vocabularySize)
    throw new ModelError(`its ${name} names a token that its vocabulary of ${vocabularySize} tokens lacks`);
  const own = readSentenceFile(files, 'config_sentence_transformers.json', SentenceTransformers);
  const instruction = own?.prompts?.[own.default_prompt_name ?? ''];
  return {
    ...{ trueTokenId, falseTokenId, activation: activationOf(files) },
    ...(instruction ? { instruction } : {}),
  };
}
