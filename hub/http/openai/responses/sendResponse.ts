/** Sends a response to its client, as a stream or as a whole. */
import { ApiError } from '../../apiError.ts';
import { answerStream } from '../../inference/answerStream.ts';
import { answerWhole } from '../../inference/answerWhole.ts';
import { eventStream, type SendEvent } from '../../inference/eventStream.ts';
import type { Inference } from '../../inference/inference.ts';
import { responsesError } from './responsesError.ts';
import type { ResponseEvent } from './responseShapes.ts';
import { ResponseWriter, type Piece } from './responseWriter.ts';
import type { ResponseReplay } from './runningResponses.ts';
import type { ResponseParts, StartedResponse } from './startResponse.ts';

/** After all events, as the Open Responses specification has it. */
const last = '[DONE]';

export async function sendWhole({ running, generation, headers, drive }: StartedResponse): Promise<Response> {
  const failure = await drive();
  if (failure) throw failure;
  return answerWhole(running.response, generation, headers);
}

export function sendStream(
  { logger }: Pick<ResponseParts, 'logger'>,
  inference: Inference,
  { generation, headers, drive }: StartedResponse,
): Response {
  const init = {
    logger,
    inference,
    generations: [generation] as const,
    headers,
    describeError: responsesError,
    last,
  };
  return answerStream(init, async (send) => {
    await drive((events) => sendEvents(send, events));
  });
}

/**
 * Sends the events of a response from its pieces, as many as there are and as they come.
 * @param startingAfter the number of the last event that is not wanted; -1: all are
 */
export function sendReplay(
  { begun, options }: ResponseReplay,
  pieces: Iterable<Piece> | AsyncIterable<Piece>,
  { startingAfter, headers = {} }: { startingAfter: number; headers?: Record<string, string> },
): Response {
  let isGone = false;
  const wanted = (events: ResponseEvent[]): ResponseEvent[] =>
    events.filter(({ sequence_number: number }) => number > startingAfter);
  return eventStream(
    async (send) => {
      const writer = new ResponseWriter(begun, options);
      sendEvents(send, wanted(writer.begin()));
      for await (const piece of pieces) {
        if (isGone) return;
        sendEvents(send, wanted(writer.add(piece)));
      }
      send(last);
    },
    {
      headers,
      onCancel: () => (isGone = true),
      onUnread: () => {
        isGone = true;
        return responsesError(unread);
      },
    },
  );
}

const unread = new ApiError(408, 'Too much of this answer was left unread, so the hub ended its stream.', {
  code: 'answer_unread',
});

function sendEvents(send: SendEvent, events: readonly ResponseEvent[]): void {
  for (const event of events) send(JSON.stringify(event), event.type);
}
