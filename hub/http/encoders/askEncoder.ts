/** What embeddings and rerank do between reading a body and writing an answer. */
import type { Context } from 'hono';
import type { EncoderDescription } from '@potluck/protocol';
import type { EncodingAnswer, Encodings, EncodingText } from '../../generation/encodings/encodings.ts';
import { pairTokens, textTokens, type TextOptions } from '../../generation/encodings/textTokens.ts';
import type { Model } from '../../models/model.ts';
import type { Deployment } from '../../pipelines/deployment.ts';
import { ApiError } from '../apiError.ts';
import { authorOf } from '../author.ts';
import { shareOf } from '../caller.ts';
import { naming } from '../inference/namingParam.ts';
import { findNamed, takePlace, unknownModel, wake } from '../inference/askedModel.ts';
import type { InferenceComponents } from '../inference/inference.ts';

export type EncoderComponents = Pick<
  InferenceComponents,
  'deployments' | 'keyUse' | 'onDemand' | 'settings'
> & {
  encodings: Encodings;
};

/** Tokens of all texts of a request, as OpenAI bounds them. */
const maxTokens = 300_000;

/** One request to one encoder, on behalf of one caller. */
export interface EncoderRequest {
  model: Model;
  encoder: EncoderDescription;
  /** @throws GenerationError as `textTokens` */
  tokensOf(
    text: string,
    options: { prompt?: string; truncateTo?: number | undefined },
  ): Promise<EncodingText>;
  /** @throws GenerationError as `pairTokens` */
  pairOf(query: string, document: string, truncateTo: number | undefined): Promise<EncodingText>;
  /** @throws ApiError where there are too many tokens in all; GenerationError */
  run(texts: EncodingText[]): Promise<EncodingAnswer>;
}

export interface EncoderQuestion {
  task: EncoderDescription['task'];
  /** As the request names it. */
  model: string | undefined;
  /** The parameter that the texts are in. */
  param: string;
}

/**
 * Finds the encoder, takes one of the places that the caller's key has, and lets `work` answer.
 * @throws ApiError, GenerationError
 */
export async function askEncoder(
  c: Context,
  components: EncoderComponents,
  { task, model: named, param }: EncoderQuestion,
  work: (request: EncoderRequest) => Promise<Response>,
): Promise<Response> {
  const arrivedAt = performance.now();
  const { encodings } = components;
  c.set('askedModel', named);
  await wake(c, components, named);
  const deployment = findEncoder(components, task, named);
  const { model } = deployment;
  const { encoder } = model.package;
  if (!encoder) throw new Error('an encoder describes itself');
  const done = await takePlace(c.var.caller, model.package.id, components);
  const { signal } = c.req.raw;
  const options: Pick<TextOptions, 'share' | 'signal'> = { share: shareOf(c), signal };
  let asked = 0;
  const counted = (text: EncodingText): EncodingText => {
    asked += text.tokens.length;
    if (asked <= maxTokens) return text;
    throw new ApiError(
      400,
      `'${param}': the texts have more than ${maxTokens} tokens in all. Send fewer at once.`,
      {
        ...{ param, code: 'context_length_exceeded' },
      },
    );
  };
  try {
    await encodings.ready(deployment, options.share);
    return await work({
      model,
      encoder,
      tokensOf: async (text, more) => counted(await textTokens(model, text, { ...options, ...more })),
      pairOf: async (query, document, truncateTo) =>
        counted(await pairTokens(model, query, document, { ...options, truncateTo })),
      run: (texts) => {
        c.set('isRecorded', true);
        const author = authorOf(c.var.caller, 'api');
        return encodings.encode(deployment, { ...options, texts, arrivedAt, author });
      },
    });
  } catch (error) {
    throw naming(param, error);
  } finally {
    done();
  }
}

/** Headers of an answer. */
export function encodingHeaders({ id, route }: EncodingAnswer): Record<string, string> {
  return { 'x-request-id': id, 'x-potluck-route': route };
}

const nouns: Readonly<Record<EncoderDescription['task'], string>> = {
  embeddings: 'embedding model',
  rerank: 'reranker',
};

/** @throws ApiError 404 where there is none; 400 where the model is of another kind */
function findEncoder(
  components: Pick<EncoderComponents, 'deployments' | 'onDemand' | 'settings'>,
  task: EncoderDescription['task'],
  named: string | undefined,
): Deployment {
  const fitting = components.deployments.list
    .filter(({ model }) => model.package.encoder?.task === task)
    .toSorted((one, other) => one.createdAt - other.createdAt);
  const [first] = fitting;
  if (named === undefined && first) return first;
  const found = named === undefined ? undefined : findNamed(named, components);
  if (found && fitting.includes(found)) return found;
  if (named !== undefined && !found && first) throw unknownModel(named, fitting, components);
  const noun = nouns[task];
  const others = fitting.map(({ model }) => `'${model.package.id}'`).join(', ');
  if (found) {
    const choose = others === '' ? `Deploy ${aOrAn(noun)} first; none is here.` : `Ask ${others} instead.`;
    throw new ApiError(400, `'${found.model.package.id}' is no ${noun}. ${choose}`, {
      ...{ code: 'model_not_supported', param: 'model' },
    });
  }
  throw new ApiError(404, `No ${noun} is deployed here. Add one on the models page and deploy it.`, {
    ...{ code: 'model_not_found', param: 'model' },
  });
}

function aOrAn(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}
