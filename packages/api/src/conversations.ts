/**
 * Conversations, kept on the hub and seen only by the browser or key that wrote them.
 *
 * A conversation is a tree of messages: an edit or another try is a sibling. `currentMessageId` is the leaf that is
 * shown; its ancestors are the conversation.
 *
 * The hub keeps an answer by itself: `POST /v1/chat/completions` with the headers below appends to the conversation
 * an assistant message that grows while it is generated, and is complete also when the tab closes in the middle.
 * The answer then runs on without a reader; `POST /api/requests/:id/cancel` stops it.
 */
import { z } from 'zod';
import { Count, Timestamp } from './common.ts';

/** Request headers of `/v1/chat/completions` that keep the answer in a conversation. */
export const conversationHeaders = {
  /** Id of the conversation. */
  conversation: 'x-potluck-conversation',
  /** Id of the message that is answered. */
  parent: 'x-potluck-parent',
  /** UUID that the answer's message shall have; drawn by the hub where there is none. */
  message: 'x-potluck-message',
  /** In the place of the others: the hub keeps no words of prompt and answer, whatever its settings say. */
  temporary: 'x-potluck-temporary',
} as const;

/**
 * Request header of everything that a model writes: a UUID in lower case that the client draws. Where the hub was started
 * again before the answer was complete, the same request with the same id goes on with it.
 */
export const requestHeader = 'x-potluck-request';

const Id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a UUID in lower case');
const Title = z.string().trim().min(1).max(200);
/** What a model is told before a conversation. */
export const SystemPrompt = z.string().max(100_000);
const Content = z.string().max(1_000_000);

/** As in `/v1/chat/completions`; what is left out is the model's default. */
export const Sampling = z
  .strictObject({
    temperature: z.number().min(0).max(2).optional(),
    top_p: z.number().min(0).max(1).optional(),
    top_k: z.number().int().min(-1).optional(),
    min_p: z.number().min(0).max(1).optional(),
    repetition_penalty: z.number().min(0.01).max(10).optional(),
    frequency_penalty: z.number().min(-2).max(2).optional(),
    presence_penalty: z.number().min(-2).max(2).optional(),
    max_tokens: z.number().int().min(1).optional(),
    seed: z.number().int().optional(),
    stop: z.array(z.string()).max(4).optional(),
  })
  .meta({ id: 'Sampling' });
export type Sampling = z.infer<typeof Sampling>;

/** A token of an answer, and how sure the model was of it. Parts of one character are one. */
export const LikelyToken = z
  .object({
    text: z.string(),
    /** From 0 to 1. */
    probability: z.number(),
    /** What could have stood here, the likeliest first. */
    others: z.array(z.object({ text: z.string(), probability: z.number() })),
  })
  .meta({ id: 'LikelyToken' });
export type LikelyToken = z.infer<typeof LikelyToken>;

const copied = { text: z.string().max(1000), probability: z.number().min(0).max(1) };
/** As `LikelyToken`, as large as the hub keeps it. */
const CopiedToken = LikelyToken.extend({ ...copied, others: z.array(z.object(copied)).max(4) });

export const Message = z
  .object({
    id: Id,
    parentId: Id.nullable(),
    role: z.enum(['user', 'assistant']),
    /** Where the model thought first, its thoughts stand at the beginning, between `<think>` and `</think>`. */
    content: z.string(),
    /** `streaming`: the hub is still writing it; `stopped`: by the person; `interrupted`: the hub restarted. */
    status: z.enum(['done', 'streaming', 'stopped', 'failed', 'interrupted']),
    error: z.string().nullable(),
    model: z.string().nullable(),
    /** `GET /api/requests/:id` has the way that the answer took. */
    requestId: z.string().nullable(),
    /** The tokens of an answer that was asked for with `logprobs`, once it ended; null also where there were more than 2,000. */
    tokens: z.array(LikelyToken).nullable(),
    createdAt: Timestamp,
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

export const ConversationSummary = z
  .object({
    id: Id,
    title: z.string(),
    model: z.string().nullable(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    messageCount: Count,
    /** Of a search: where it was found, as plain text. */
    excerpt: z.string().nullable(),
  })
  .meta({ id: 'ConversationSummary' });
export type ConversationSummary = z.infer<typeof ConversationSummary>;

export const Conversation = z
  .object({
    id: Id,
    title: z.string(),
    model: z.string().nullable(),
    systemPrompt: z.string(),
    sampling: Sampling,
    currentMessageId: Id.nullable(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    /** Oldest first. */
    messages: z.array(Message),
  })
  .meta({ id: 'Conversation' });
export type Conversation = z.infer<typeof Conversation>;

/** `POST /api/conversations`. The browser may choose the id, so that it can show it at once. */
export const NewConversation = z
  .strictObject({
    id: Id.optional(),
    title: Title.default('New conversation'),
    model: z.string().max(200).nullable().default(null),
    systemPrompt: SystemPrompt.default(''),
    sampling: Sampling.default({}),
  })
  .meta({ id: 'NewConversation' });
export type NewConversation = z.input<typeof NewConversation>;

/** `PATCH /api/conversations/:id`. */
export const ConversationChange = z
  .strictObject({
    title: Title.optional(),
    model: z.string().max(200).nullable().optional(),
    systemPrompt: SystemPrompt.optional(),
    sampling: Sampling.optional(),
    currentMessageId: Id.nullable().optional(),
  })
  .meta({ id: 'ConversationChange' });
export type ConversationChange = z.infer<typeof ConversationChange>;

/** `POST /api/conversations/:id/messages`. */
export const NewMessage = z
  .strictObject({
    id: Id.optional(),
    parentId: Id.nullable().default(null),
    role: z.enum(['user', 'assistant']),
    content: Content,
    model: z.string().max(200).nullable().default(null),
    /** Of an answer that is copied: the request that wrote it. */
    requestId: Id.nullable().default(null),
    /** Of an answer that is copied: how it ended. */
    status: Message.shape.status.exclude(['streaming']).default('done'),
    /** Of an answer that is copied: what went wrong. */
    error: z.string().max(10_000).nullable().default(null),
    /** Of an answer that is copied: how sure the model was of each token. */
    tokens: z.array(CopiedToken).max(2000).nullable().default(null),
    createdAt: Timestamp.optional(),
  })
  .meta({ id: 'NewMessage' });
export type NewMessage = z.input<typeof NewMessage>;
