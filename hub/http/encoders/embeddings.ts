/** `POST /v1/embeddings`: a vector for each text, as OpenAI has it. */
import type { Context } from 'hono';
import { encodeVector } from '@potluck/protocol';
import type { EncodingText } from '../../generation/encodings/encodings.ts';
import { finishVector } from '../../generation/encodings/finishVector.ts';
import { contextLengthExceeded } from '../../generation/answerRoom.ts';
import { refuseUnknownToken } from '../inference/generationFields.ts';
import { readJson } from '../inference/readJson.ts';
import { turnAfter } from '../turnAfter.ts';
import { askEncoder, encodingHeaders, type EncoderComponents, type EncoderRequest } from './askEncoder.ts';
import {
  inputsOf,
  promptOf,
  readEmbeddingsBody,
  refuseDimensions,
  type EmbeddingsBody,
  type EmbeddingsInput,
} from './embeddingsBody.ts';
import { truncateTo } from './truncation.ts';

export async function answerEmbeddings(c: Context, components: EncoderComponents): Promise<Response> {
  const body = readEmbeddingsBody(await readJson(c));
  const inputs = inputsOf(body);
  return askEncoder(
    c,
    components,
    { task: 'embeddings', model: body.model, param: 'input' },
    async (request) => {
      refuseDimensions(request.encoder, body.dimensions);
      const { vectors, usage, headers } = await vectorsOf(request, inputs, body);
      const data = vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: body.encoding_format === 'base64' ? encodeVector(vector) : [...vector],
      }));
      const answer = JSON.stringify({ object: 'list', data, model: request.model.package.id, usage });
      await turnAfter(answer);
      return new Response(answer, { headers: { ...headers, 'content-type': 'application/json' } });
    },
  );
}

/** What every surface for embeddings makes of texts. */
export async function vectorsOf(
  request: EncoderRequest,
  inputs: readonly EmbeddingsInput[],
  body: Pick<EmbeddingsBody, 'dimensions' | 'prompt_name' | 'input_type' | 'truncate_prompt_tokens'>,
): Promise<{
  vectors: Float32Array[];
  usage: { prompt_tokens: number; total_tokens: number };
  headers: Record<string, string>;
}> {
  const { encoder } = request;
  const prompt = promptOf(encoder, body);
  const most = truncateTo(body.truncate_prompt_tokens);
  const texts: EncodingText[] = [];
  for (const input of inputs) {
    texts.push(
      typeof input === 'string'
        ? await request.tokensOf(input, { prompt, truncateTo: most })
        : { tokens: givenTokens(request, input, most) },
    );
  }
  const answer = await request.run(texts);
  const tokens = texts.reduce((sum, text) => sum + text.tokens.length, 0);
  const { dimensions } = body;
  return {
    vectors: answer.vectors.map((vector) => finishVector(vector, { ...encoder, dimensions })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    headers: encodingHeaders(answer),
  };
}

/** Token ids as they came. @throws ApiError, GenerationError for those that are none, or too many */
function givenTokens(
  { model: { package: model } }: EncoderRequest,
  tokens: number[],
  most: number | undefined,
): number[] {
  for (const token of tokens) refuseUnknownToken(token, 'input', model.vocabularySize);
  if (most !== undefined) return tokens.slice(0, Math.min(most, model.contextLength));
  if (tokens.length <= model.contextLength) return tokens;
  throw contextLengthExceeded(model.contextLength, `${tokens.length} tokens in the text`);
}
