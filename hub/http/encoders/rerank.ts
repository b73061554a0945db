/** `POST /v1/rerank`: how well each document answers a query, best first, in the shape that Cohere, Jina and vLLM share. */
import type { Context } from 'hono';
import { z } from 'zod';
import type { EncodingText } from '../../generation/encodings/encodings.ts';
import { sigmoid } from '../../generation/encodings/finishVector.ts';
import type { ApiError } from '../apiError.ts';
import { findNamed, wake } from '../inference/askedModel.ts';
import type { InferenceComponents } from '../inference/inference.ts';
import { bodyReader, tooMany, unsupportedParameter } from '../inference/readBody.ts';
import { readJson } from '../inference/readJson.ts';
import { askEncoder, encodingHeaders, type EncoderComponents } from './askEncoder.ts';
import { rateByLogits, type Rated } from './rateByLogits.ts';
import { TruncateTokens, truncateTo } from './truncation.ts';

/** Of one request, as Cohere has it. */
const maxDocuments = 1000;

const Text = z.string().min(1, 'must not be empty');

export const RerankBody = z.object({
  model: z.string().optional(),
  query: Text,
  documents: z
    .array(z.union([Text, z.object({ text: Text })], { error: "must be a text, or an object with a 'text'" }))
    .min(1),
  top_n: z.int().min(1).optional(),
  return_documents: z.boolean().default(false),
  /** Most tokens of query and document together. Default: as many as the model takes; longer documents are cut. */
  truncate_prompt_tokens: TruncateTokens.default(-1),
});

const read = bodyReader(RerankBody, ({ documents }) => {
  if (Array.isArray(documents) && documents.length > maxDocuments)
    throw tooMany('documents', `${maxDocuments} documents`);
});

export type RerankComponents = EncoderComponents & InferenceComponents;

export async function answerRerank(c: Context, components: RerankComponents): Promise<Response> {
  const body = read(await readJson(c));
  const documents = body.documents.map((document) =>
    typeof document === 'string' ? document : document.text,
  );
  await wake(c, components, body.model);
  const writer = findWriter(components, body.model);
  if (writer) {
    if (body.truncate_prompt_tokens !== -1) throw cutsNothing(writer);
    return rateByLogits(c, components, { model: writer, query: body.query, documents }, (rated) =>
      describe(rated, body, documents),
    );
  }
  const question = { task: 'rerank', model: body.model, param: 'documents' } as const;
  return askEncoder(c, components, question, async (request) => {
    const texts: EncodingText[] = [];
    for (const document of documents)
      texts.push(await request.pairOf(body.query, document, truncateTo(body.truncate_prompt_tokens)));
    const answer = await request.run(texts);
    const rated: Rated = {
      id: answer.id,
      model: request.model.package.id,
      activation: request.encoder.activation,
      scores: answer.vectors.map(([value = 0]) => value),
      tokens: texts.reduce((sum, text) => sum + text.tokens.length, 0),
    };
    return Response.json(describe(rated, body, documents), { headers: encodingHeaders(answer) });
  });
}

function describe(
  { id, model, activation, scores, tokens }: Rated,
  { return_documents: returnsDocuments, top_n: most }: z.infer<typeof RerankBody>,
  documents: readonly string[],
) {
  const score = activation === 'identity' ? (value: number) => value : sigmoid;
  const results = scores
    .map((value, index) => ({
      index,
      relevance_score: score(value),
      ...(returnsDocuments ? { document: { text: documents[index] ?? '' } } : {}),
    }))
    .toSorted((one, other) => other.relevance_score - one.relevance_score)
    .slice(0, most);
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return { id, object: 'list', model, results, usage };
}

/** The id of the reranker that writes, where the request names one, or where no other is here and it names none. */
function findWriter(
  { deployments, settings }: RerankComponents,
  named: string | undefined,
): string | undefined {
  if (named !== undefined) {
    const found = findNamed(named, { deployments, settings })?.model.package;
    return found?.reranker && found.id;
  }
  const oldestFirst = deployments.list.toSorted((one, other) => one.createdAt - other.createdAt);
  const found = oldestFirst.find(
    ({ model: { package: one } }) => one.reranker ?? one.encoder?.task === 'rerank',
  );
  return found?.model.package.reranker && found.model.package.id;
}

function cutsNothing(model: string): ApiError {
  return unsupportedParameter(
    'truncate_prompt_tokens',
    `'${model}' reads documents within its template, where the hub cuts none. Send shorter ones.`,
  );
}
