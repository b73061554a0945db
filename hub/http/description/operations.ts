/** What programs can ask below `/v1`. Whoever adds a route there adds a line here. */
import { z } from 'zod';
import { CountBody, MessagesBody } from '../anthropic/messagesBody.ts';
import { EmbeddingsBody } from '../encoders/embeddingsBody.ts';
import { RerankBody } from '../encoders/rerank.ts';
import { ChatBody, Message } from '../openai/chatBody.ts';
import { CompletionBody } from '../openai/completionBody.ts';
import { CompactBody } from '../openai/responses/compactResponse.ts';
import { Item } from '../openai/responses/inputItems.ts';
import { ResponseBody } from '../openai/responses/responseBody.ts';
import { DetokenizeBody, TokenizeBody } from '../tokens/tokenBodies.ts';
import type * as answers from './answers.ts';

export interface Operation {
  method: 'get' | 'post' | 'delete';
  /** Below `/v1`. */
  path: string;
  summary: string;
  tag: string;
  body?: z.ZodType;
  /** Name of a schema in `answers`. */
  answer: keyof typeof answers;
  /** Name of the schema of each event, where `stream` asks for them. */
  event?: keyof typeof answers;
  /** In the address, behind the question mark. */
  query?: Record<string, z.ZodType>;
}

const Chat = ChatBody.extend({ messages: z.array(Message).min(1) });
const Items = z.union([z.string(), z.array(Item)]);
const response = '/responses/{id}';

export const operations: readonly Operation[] = [
  { method: 'get', path: '/models', summary: 'Models that are served', tag: 'Models', answer: 'ModelList' },
  { method: 'get', path: '/models/{id}', summary: 'One model', tag: 'Models', answer: 'Model' },
  {
    method: 'post',
    path: '/chat/completions',
    summary: 'The next message of a conversation',
    tag: 'Chat',
    body: Chat,
    answer: 'ChatCompletion',
    event: 'ChatCompletionChunk',
  },
  {
    method: 'post',
    path: '/completions',
    summary: 'How a text goes on',
    tag: 'Completions',
    body: CompletionBody,
    answer: 'Completion',
    event: 'Completion',
  },
  {
    method: 'post',
    path: '/responses',
    summary: 'An answer that is kept, and that others go on with; over a web socket at the same path, too',
    tag: 'Responses',
    body: ResponseBody.extend({ input: Items.optional() }),
    answer: 'Response',
    event: 'ResponseEvent',
  },
  {
    method: 'get',
    path: response,
    summary: 'A response as it is now; with stream=true its events, where it was asked for in the background',
    tag: 'Responses',
    query: { stream: z.boolean(), starting_after: z.int().min(0) },
    answer: 'Response',
    event: 'ResponseEvent',
  },
  {
    method: 'delete',
    path: response,
    summary: 'Forget a response',
    tag: 'Responses',
    answer: 'DeletedResponse',
  },
  {
    method: 'post',
    path: `${response}/cancel`,
    summary: 'End a response that was asked for in the background',
    tag: 'Responses',
    answer: 'Response',
  },
  {
    method: 'get',
    path: `${response}/input_items`,
    summary: 'What a response was asked with',
    tag: 'Responses',
    query: { limit: z.int().min(1).max(100), order: z.enum(['asc', 'desc']), after: z.string() },
    answer: 'ResponseItemList',
  },
  {
    method: 'post',
    path: '/responses/input_tokens',
    summary: 'How many tokens the prompt of a response would have',
    tag: 'Responses',
    body: ResponseBody.extend({ input: Items.optional() }),
    answer: 'ResponseInputTokens',
  },
  {
    method: 'post',
    path: '/responses/compact',
    summary: 'A conversation in short, to go on with',
    tag: 'Responses',
    body: CompactBody.extend({ input: Items.optional() }),
    answer: 'CompactedResponse',
  },
  {
    method: 'post',
    path: '/messages',
    summary: 'The next message of a conversation, for Anthropic’s clients',
    tag: 'Messages',
    body: MessagesBody,
    answer: 'AnthropicMessage',
  },
  {
    method: 'post',
    path: '/messages/count_tokens',
    summary: 'How many tokens a conversation has',
    tag: 'Messages',
    body: CountBody,
    answer: 'AnthropicTokenCount',
  },
  {
    method: 'post',
    path: '/tokenize',
    summary: 'Token ids of a text or a conversation, as llama.cpp and vLLM answer',
    tag: 'Tokens',
    body: TokenizeBody,
    answer: 'Tokenized',
  },
  {
    method: 'post',
    path: '/detokenize',
    summary: 'The text of token ids',
    tag: 'Tokens',
    body: DetokenizeBody,
    answer: 'Detokenized',
  },
  {
    method: 'post',
    path: '/apply-template',
    summary: 'A conversation as the model reads it',
    tag: 'Tokens',
    body: Chat,
    answer: 'Prompt',
  },
  {
    method: 'post',
    path: '/embeddings',
    summary: 'Texts as vectors',
    tag: 'Embeddings',
    body: EmbeddingsBody,
    answer: 'Embeddings',
  },
  {
    method: 'post',
    path: '/rerank',
    summary: 'Which documents answer a question best',
    tag: 'Embeddings',
    body: RerankBody,
    answer: 'Reranked',
  },
];
