/** `POST /v1/responses/compact`: a conversation in short, to go on with. */
import type { Context } from 'hono';
import type OpenAI from 'openai';
import { z } from 'zod';
import { ApiError } from '../../apiError.ts';
import { infer } from '../../inference/infer.ts';
import { bodyReader } from '../../inference/readBody.ts';
import { readJson } from '../../inference/readJson.ts';
import { startChat } from '../../inference/startChat.ts';
import { conversationItems } from './conversationItems.ts';
import { fitConversation } from './fitConversation.ts';
import { readItems, type InputItem } from './inputItems.ts';
import { keptItems } from './keptItems.ts';
import { messagesOf } from './responseConversation.ts';
import { itemId, responseIdOf, responseUsage } from './responseShapes.ts';
import { seal } from './sealedText.ts';
import type { ResponseParts } from './startResponse.ts';

const Hint = z.string().max(1000).optional();
/** What this surface honours. */
export const CompactBody = z.object({
  model: z.string({ error: 'must be the name of a model, as GET /v1/models lists it' }),
  input: z.union([z.string(), z.array(z.unknown()).max(10_000)]).optional(),
  instructions: z.string().optional(),
  previous_response_id: z.string().max(200).optional(),
  prompt_cache_key: Hint,
});
const read = bodyReader(CompactBody);

const task =
  'Write down in short what was said so far, so that somebody who has not read the conversation can go on with it: what is ' +
  'wanted, what was done and found out, what was decided, and what is still to do. Write nothing else.';
/** Of the context, for what is written down. */
const summaryPart = 4;

export async function answerCompaction(c: Context, parts: ResponseParts): Promise<Response> {
  const { input, ...body } = read(await readJson(c));
  const items = await conversationItems(parts, c.var.caller.owner, {
    ...body,
    input: readItems(input ?? []),
  });
  if (items.length === 0) {
    throw new ApiError(400, "'input' is missing: it is the conversation that is to be told in short", {
      param: 'input',
    });
  }
  return infer(c, parts, { model: body.model, promptParam: 'input' }, async (inference) => {
    const { model } = inference;
    const conversation = messagesOf(items, body.instructions);
    const render = { variables: { enable_thinking: false } };
    const { generations, read: readEvents } = await startChat(inference, {
      messages: await fitConversation(inference, [...conversation, { role: 'user', content: task }], render),
      render,
      tools: undefined,
      settings: {
        stream: false,
        stopStrings: [],
        maxTokens: Math.ceil(model.package.contextLength / summaryPart),
        sampling: {},
      },
      partsReasoning: true,
    });
    const [generation] = generations;
    let summary = '';
    let usage: OpenAI.Responses.ResponseUsage | undefined;
    for await (const event of readEvents(generation)) {
      if (event.type === 'text') summary += event.text;
      if (event.type === 'finish') usage = responseUsage(event.usage);
    }
    if (summary.trim() === '' || !usage) {
      throw new ApiError(
        500,
        'The model wrote nothing down. Ask again, or go on with the whole conversation.',
        {
          code: 'nothing_compacted',
        },
      );
    }
    const compaction: OpenAI.Responses.ResponseCompactionItem = {
      id: itemId('cmp', generation.id, 0),
      type: 'compaction',
      encrypted_content: seal(summary.trim()),
    };
    const answer = {
      id: responseIdOf(generation.id),
      object: 'response.compaction',
      created_at: Math.floor(generation.createdAt / 1000),
      output: [
        ...keptItems(items.filter(isUsers), generation.id),
        compaction,
      ] as OpenAI.Responses.ResponseOutputItem[],
      usage,
    } satisfies OpenAI.Responses.CompactedResponse;
    return Response.json(answer, { headers: inference.headers(generation) });
  });
}

/** What people wrote stays as it is. */
function isUsers(item: InputItem): boolean {
  return item.type === 'message' && item.role === 'user';
}
