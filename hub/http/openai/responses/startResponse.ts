/** From a body to a response that has begun. */
import type { Context } from 'hono';
import type { ResponseStore } from '../../../conversations/responseStore.ts';
import type { RefusedRequests } from '../../../generation/refusedRequests.ts';
import type { Generation } from '../../../generation/generation.ts';
import type { ApiError } from '../../apiError.ts';
import { settingsOf } from '../../inference/generationFields.ts';
import type { Inference, InferenceComponents } from '../../inference/inference.ts';
import { startChat } from '../../inference/startChat.ts';
import { fitConversation } from './fitConversation.ts';
import type { InputItem } from './inputItems.ts';
import { keptItems } from './keptItems.ts';
import { KeptResponse } from './keptResponse.ts';
import type { ResponseBody } from './responseBody.ts';
import { responsePrompt } from './responsePrompt.ts';
import { piecesOf } from './responsePieces.ts';
import { begunResponse, type ResponseEvent } from './responseShapes.ts';
import { namedHere } from './responseTools.ts';
import type { Piece } from './responseWriter.ts';
import { wantedOf } from './textFormat.ts';
import { RunningResponse, type RunningResponses } from './runningResponses.ts';

export interface ResponseComponents extends InferenceComponents {
  responses: ResponseStore;
  refused: Pick<RefusedRequests, 'note'>;
}

export interface ResponseParts extends ResponseComponents {
  running: RunningResponses;
}

/** A response that has begun; nothing of its answer was read yet. */
export interface StartedResponse {
  running: RunningResponse;
  generation: Generation;
  headers: Record<string, string>;
  /**
   * Reads the answer to its end, and keeps it where that was asked for.
   * @param tell is given the events of each piece; the last ones once the response is kept
   * @returns why there is no answer, where there is none
   */
  drive: (tell?: (events: ResponseEvent[]) => void) => Promise<ApiError | undefined>;
}

/** @param items the whole conversation @throws ApiError, GenerationError */
export async function startResponse(
  c: Context,
  parts: ResponseParts,
  inference: Inference,
  body: ResponseBody,
  items: InputItem[],
): Promise<StartedResponse> {
  const { model, controller } = inference;
  const { owner } = c.var.caller;
  const { offered, tools, render, messages } = responsePrompt(body, items, model);
  const showsLogprobs =
    body.include?.includes('message.output_text.logprobs') === true || (body.top_logprobs ?? 0) > 0;
  const settings = settingsOf(body, {
    vocabularySize: model.package.vocabularySize,
    topLogprobs: showsLogprobs ? (body.top_logprobs ?? 0) : undefined,
    moreLimits: [body.max_output_tokens],
  });
  const { generations, read } = await startChat(inference, {
    messages:
      body.truncation === 'auto'
        ? await fitConversation(inference, messages, { ...render, tools })
        : messages,
    render,
    tools,
    toolChoice: tools ? offered.choice : 'auto',
    toolInputs: offered.inputs,
    wanted: wantedOf(body.text?.format),
    settings,
    partsReasoning: true,
    parallelCalls: body.parallel_tool_calls,
  }).catch((error: unknown) => {
    throw namedHere(error, offered);
  });
  const [generation] = generations;
  const begun = begunResponse(generation, model, body, offered.told);
  const running = new RunningResponse({
    owner,
    input: keptItems(body.input, generation.id),
    begun,
    options: { seals: body.include?.includes('reasoning.encrypted_content') === true },
    cancel: () => controller.abort(),
  });
  const keeping = body.store ? new KeptResponse(parts, running, generation.createdAt) : undefined;
  if (body.background) await keeping?.begin();
  if (keeping) parts.running.add(begun.id, running);
  let failure: ApiError | undefined;
  const pieces = piecesOf(read(generation), {
    onFailure: (error) => (failure = error),
    tools: offered.byName,
    showsLogprobs,
    tokenBytes: model.tokenizer.tokenBytes,
  });
  return {
    running,
    generation,
    headers: {
      ...inference.headers(generation),
      ...(offered.leftOut.length === 0
        ? {}
        : { 'x-potluck-tools-left-out': [...new Set(offered.leftOut)].join(', ').slice(0, 200) }),
    },
    drive: async (tell = () => undefined) => {
      tell(running.beginning);
      try {
        for await (const piece of pieces) {
          // The next run of the hub goes on with it.
          if (body.background && failure?.code === 'hub_stopped') return failure;
          const events = running.add(piece);
          if (isLast(piece)) await keeping?.end();
          tell(events);
        }
        return failure;
      } finally {
        running.end();
      }
    },
  };
}

function isLast({ type }: Piece): boolean {
  return type === 'finish' || type === 'failed' || type === 'cancelled';
}
