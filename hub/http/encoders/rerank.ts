/** `POST /v1/rerank`: how well each document answers a query, best first, in the shape that Cohere, Jina and vLLM share. */
import type { Context } from 'hono';
import { z } from 'zod';
import type { EncodingText } from '../../generation/encodings/encodings.ts';
import { sigmoid } from '../../generation/encodings/finishVector.ts';
import { bodyReader, tooMany } from '../inference/readBody.ts';
import { readJson } from '../inference/readJson.ts';
import { askEncoder, encodingHeaders, type EncoderComponents } from './askEncoder.ts';
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

export async function answerRerank(c: Context, components: EncoderComponents): Promise<Response> {
  const body = read(await readJson(c));
  const documents = body.documents.map((document) =>
    typeof document === 'string' ? document : document.text,
  );
  const question = { task: 'rerank', model: body.model, param: 'documents' } as const;
  return askEncoder(c, components, question, async (request) => {
    const texts: EncodingText[] = [];
    for (const document of documents)
      texts.push(await request.pairOf(body.query, document, truncateTo(body.truncate_prompt_tokens)));
    const answer = await request.run(texts);
    const score = request.encoder.activation === 'identity' ? (value: number) => value : sigmoid;
    const results = answer.vectors
      .map(([value = 0], index) => ({
        index,
        relevance_score: score(value),
        ...(body.return_documents ? { document: { text: documents[index] ?? '' } } : {}),
      }))
      .toSorted((one, other) => other.relevance_score - one.relevance_score)
      .slice(0, body.top_n);
    const tokens = texts.reduce((sum, text) => sum + text.tokens.length, 0);
    return Response.json(
      {
        id: answer.id,
        object: 'list',
        model: request.model.package.id,
        results,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      },
      { headers: encodingHeaders(answer) },
    );
  });
}
