/** An answer as it is being written: `POST /v1/chat/completions` as a stream. */
import type { conversationHeaders } from '@potluck/api';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { HubError, HubLostError } from '#lib/hub/errors.ts';
import { hubFetch } from '#lib/hub/hubFetch.ts';
import { likelyTokens, type LikelyToken, type TokenLogprobs } from '@potluck/api/likely-tokens';
import { fromHub } from '#lib/hub/fromHub.ts';

export type CompletionEvent =
  /** The hub accepted the request and chose its way through the grid. */
  | { type: 'accepted'; requestId?: string; route?: string }
  /** What the model thinks before it answers. */
  | { type: 'thoughts'; text: string }
  | { type: 'text'; text: string }
  /** How sure the model was of the tokens of the text, where that was asked for. */
  | { type: 'tokens'; tokens: LikelyToken[] }
  | { type: 'finished'; reason: string };

/** Where the hub keeps the answer. */
export interface AnswerPlace {
  conversationId: string;
  parentId: string;
  messageId: string;
}

const headerNames = {
  conversation: 'x-potluck-conversation',
  parent: 'x-potluck-parent',
  message: 'x-potluck-message',
  temporary: 'x-potluck-temporary',
} as const satisfies typeof conversationHeaders;

interface Chunk {
  choices?: {
    delta: { content?: string | null; reasoning_content?: string | null };
    logprobs?: { content?: TokenLogprobs[] | null } | null;
    finish_reason: string | null;
  }[];
  error?: { message: string; code?: string | null };
}

/**
 * Asks, and yields what comes.
 * @param body as the OpenAI API has it, without the stream's own fields
 * @param place undefined: nothing of it is kept
 * @throws HubError, also for errors in the middle of the stream; HubUnreachableError; HubLostError; whatever `signal`
 * aborts with
 */
export async function* streamCompletion(
  body: Record<string, unknown>,
  place: AnswerPlace | undefined,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent> {
  const response = await hubFetch('/v1/chat/completions', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(place
        ? {
            [headerNames.conversation]: place.conversationId,
            [headerNames.parent]: place.parentId,
            [headerNames.message]: place.messageId,
          }
        : { [headerNames.temporary]: 'yes' }),
    },
    body: JSON.stringify({ ...body, stream: true }),
    signal,
  });
  const requestId = response.headers.get('x-request-id');
  const route = response.headers.get('x-potluck-route');
  yield { type: 'accepted', ...(requestId ? { requestId } : {}), ...(route ? { route } : {}) };
  if (!response.body) return;
  const events = response.body
    .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      const { done, value } = await events.read().catch((cause: unknown) => {
        if (signal.aborted) throw cause;
        throw new HubLostError({ cause });
      });
      if (done) throw new HubLostError();
      if (value.data === '[DONE]') return;
      yield* readChunk(JSON.parse(value.data) as Chunk);
    }
  } finally {
    await events.cancel().catch(() => undefined);
  }
}

function* readChunk({ choices, error }: Chunk): Generator<CompletionEvent> {
  if (error) throw new HubError(fromHub(error.message), 0, error.code ?? undefined);
  const [choice] = choices ?? [];
  const thoughts = choice?.delta.reasoning_content;
  if (thoughts) yield { type: 'thoughts', text: thoughts };
  const text = choice?.delta.content;
  if (text) yield { type: 'text', text };
  const logprobs = choice?.logprobs?.content;
  if (text && logprobs) yield { type: 'tokens', tokens: likelyTokens(logprobs) };
  if (choice?.finish_reason) yield { type: 'finished', reason: choice.finish_reason };
}
