/** Documents rated by a model that writes: how much likelier it says yes than no behind the prompt that its template makes. */
import type { Context } from 'hono';
import type { RerankerDescription } from '@potluck/protocol';
import type { AnswerLogprob } from '../../generation/answer.ts';
import type { Generation } from '../../generation/generation.ts';
import type { ChatMessage } from '../../models/chatFormat.ts';
import { infer } from '../inference/infer.ts';
import type { Inference, InferenceComponents } from '../inference/inference.ts';
import type { SurfaceRequest } from '../inference/surfaceRequest.ts';

/** Documents that one request has computed at once; the others wait, so that nobody else has to wait for all. */
const atOnce = 8;
/** Added to both tokens' logits: they are then the likeliest two, and their difference is as it was. */
const lift = 100;

/** What became of the documents of one request. */
export interface Rated {
  /** Of the request. */
  id: string;
  model: string;
  activation: RerankerDescription['activation'] | undefined;
  /** Before the activation, in the order of the documents. */
  scores: number[];
  /** Tokens read. */
  tokens: number;
}

export interface RatingRequest {
  /** The id of a reranker. */
  model: string;
  query: string;
  /** At least one. */
  documents: readonly string[];
}

/** @param describe writes the answer's body */
export function rateByLogits(
  c: Context,
  components: InferenceComponents,
  { model, query, documents }: RatingRequest,
  describe: (rated: Rated) => object,
): Promise<Response> {
  return infer(c, components, { model, promptParam: 'documents', rates: true }, async (inference) => {
    const { reranker } = inference.model.package;
    if (!reranker) throw new Error('a reranker describes itself');
    const rated: Rated = { id: '', model, activation: reranker.activation, scores: [], tokens: 0 };
    let first: Generation | undefined;
    for (let start = 0; start < documents.length; start += atOnce) {
      const requests: SurfaceRequest[] = [];
      for (const document of documents.slice(start, start + atOnce)) {
        const prompt = await inference.promptOf(conversationOf(query, document, reranker));
        rated.tokens += prompt.length;
        requests.push(requestFor(prompt, document, reranker));
      }
      const generations = await inference.start(requests as [SurfaceRequest, ...SurfaceRequest[]]);
      first ??= generations[0];
      rated.scores.push(
        ...(await Promise.all(generations.map((generation) => scoreOf(generation, reranker, inference)))),
      );
    }
    if (!first) throw new Error('there is a document');
    rated.id = first.id;
    return Response.json(describe(rated), { headers: inference.headers(first) });
  });
}

/** As Sentence Transformers makes it: templates of rerankers know these roles. */
function conversationOf(
  query: string,
  document: string,
  { instruction }: RerankerDescription,
): ChatMessage[] {
  const system: ChatMessage[] = instruction === undefined ? [] : [{ role: 'system', content: instruction }];
  return [...system, { role: 'query', content: query }, { role: 'document', content: document }];
}

function requestFor(
  prompt: number[],
  document: string,
  { trueTokenId, falseTokenId }: RerankerDescription,
): SurfaceRequest {
  return {
    prompt,
    words: [{ role: 'user', content: document }],
    maxTokens: 1,
    stopStrings: [],
    stream: false,
    sampling: {
      ...{ temperature: 0, topLogprobs: 2, repetitionPenalty: 1, frequencyPenalty: 0, presencePenalty: 0 },
      logitBias: [
        [trueTokenId, lift],
        [falseTokenId, lift],
      ],
    },
  };
}

/** @returns the logit of the one token less that of the other */
async function scoreOf(
  generation: Generation,
  { trueTokenId, falseTokenId }: RerankerDescription,
  { controller }: Inference,
): Promise<number> {
  let drawn: AnswerLogprob | undefined;
  for await (const event of generation.events(controller.signal))
    if (event.type === 'text') drawn ??= event.logprobs[0];
  const logprob = (token: number): number => drawn?.top.find((one) => one.token === token)?.logprob ?? -lift;
  return logprob(trueTokenId) - logprob(falseTokenId);
}
