/** Errors of a hub that does not lead, in the shape of the API that was asked. */
import type { IncomingMessage } from 'node:http';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { anthropicError } from '../http/anthropic/anthropicErrors.ts';
import { ApiError } from '../http/apiError.ts';
import { openaiStream } from '../http/inference/answerStream.ts';
import { jsonLines, serverSentEvents } from '../http/inference/streamFormat.ts';
import { ollamaError } from '../http/ollama/ollamaErrors.ts';
import { isOllamaPath } from '../http/ollama/ollamaPaths.ts';
import { responsesError } from '../http/openai/responses/responsesError.ts';
import { plainPathOf } from './kindOf.ts';

/** What of a request says which API it is for. */
export type Asked = Pick<IncomingMessage, 'url' | 'headers'>;

type Api = 'openai' | 'responses' | 'anthropic' | 'ollama';

function apiOf({ url = '/', headers }: Asked): Api {
  const path = plainPathOf(url);
  if (isOllamaPath(path)) return 'ollama';
  if (/^(\/v1)*\/messages(\/|$)/.test(path) || headers['anthropic-version'] !== undefined) return 'anthropic';
  return /^(\/v1)*\/responses(\/|$)/.test(path) ? 'responses' : 'openai';
}

/** The error as a body of its own. @param id of the answer, where it has one */
export function errorBody(asked: Asked, error: ApiError, id: string = uuidv7()): object {
  switch (apiOf(asked)) {
    case 'anthropic':
      return anthropicError(error, id);
    case 'ollama':
      return ollamaError(error);
    default:
      return error.body;
  }
}

/** The error as the end of a stream that has begun. @param id of the answer, where it has one */
export function endOfStream(asked: Asked, error: ApiError, id?: string): string {
  const { event } = serverSentEvents;
  const body = JSON.stringify(errorBody(asked, error, id));
  const last = event(openaiStream.last ?? '');
  switch (apiOf(asked)) {
    case 'anthropic':
      return event(body, 'error');
    case 'ollama':
      return jsonLines.event(body);
    case 'responses':
      return event(...responsesError(error)) + last;
    case 'openai':
      return event(body) + last;
  }
}

/** As OpenAI's, Anthropic's and Ollama's clients read errors. */
const ErrorBody = z.object({
  error: z.union([
    z.string().transform((message) => ({ message, code: undefined })),
    z.object({ message: z.string(), code: z.string().nullish() }),
  ]),
});

/** What another hub said is wrong. @param body of its answer */
export function errorIn(status: number, body: string): ApiError {
  const { message = `The hub that leads answered with status ${status}.`, code } = readError(body) ?? {};
  return new ApiError(status as ContentfulStatusCode, message, code ? { code } : {});
}

/** What the body of a refusal says, of whichever API; undefined where it says nothing that can be read. */
export function readError(body: string): z.infer<typeof ErrorBody>['error'] | undefined {
  try {
    return ErrorBody.safeParse(JSON.parse(body)).data?.error;
  } catch {
    return undefined;
  }
}
