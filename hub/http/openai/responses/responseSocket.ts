/**
 * `/v1/responses` over a web socket: each message of the client asks for one response, whose events come as messages.
 * One answer at a time; the last one is known to the connection also where it is not kept.
 */
import { upgradeWebSocket } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import type { WebSocket } from 'ws';
import { messageOf } from '../../../errors/messageOf.ts';
import { ApiError, toApiError } from '../../apiError.ts';
import { hasScope } from '../../caller.ts';
import { bodyJsonLimits, maxBodyBytes, refuseLargeJson } from '../../limitBody.ts';
import { refusalIn } from '../../refusals.ts';
import { infer } from '../../inference/infer.ts';
import { parseJson } from '../../inference/parseJson.ts';
import { conversationItems, type UnkeptResponse } from './conversationItems.ts';
import { readItems } from './inputItems.ts';
import { readResponseBody, type ResponseBody } from './responseBody.ts';
import type { ResponseEvent } from './responseShapes.ts';
import { startResponse, type ResponseParts } from './startResponse.ts';

/** Requests that wait for the one that is answered. */
const maxWaiting = 16;
const maxUnreadBytes = 1024 * 1024;
const closeCodes = { notText: 1003, policy: 1008, tooBig: 1009 };

export function responseSocket(parts: ResponseParts): MiddlewareHandler {
  return upgradeWebSocket((c) => {
    let connection: Connection | undefined;
    return {
      onOpen: (_event, context) => {
        connection = new Connection(c, parts, context.raw as unknown as WebSocket);
      },
      onMessage: ({ data }) => connection?.take(data),
      onClose: () => connection?.end(),
      onError: () => connection?.end(),
    };
  });
}

class Connection {
  readonly #c: Context;
  readonly #parts: ResponseParts;
  readonly #socket: WebSocket;
  /** Ends what is answered now. */
  #cancel: () => void = () => undefined;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isOver = false;
  #unkept: UnkeptResponse | undefined;

  constructor(c: Context, parts: ResponseParts, socket: WebSocket) {
    this.#c = c;
    this.#parts = parts;
    this.#socket = socket;
  }

  take(data: unknown): void {
    if (typeof data !== 'string') {
      const message = 'A message must be text: send JSON in a text frame, not in a binary one.';
      this.#refuse(new ApiError(400, message, { code: 'invalid_type' }), closeCodes.notText);
      return;
    }
    if (data.length > maxBodyBytes) {
      const message = `A message has more than ${maxBodyBytes} characters.`;
      this.#refuse(new ApiError(413, message, { code: 'request_too_large' }), closeCodes.tooBig);
      return;
    }
    if (this.#waiting >= maxWaiting) {
      const message = `More than ${maxWaiting} requests wait on this connection. Wait for answers before you send more.`;
      this.#refuse(new ApiError(429, message, { code: 'rate_limit_exceeded' }), closeCodes.policy);
      return;
    }
    this.#waiting++;
    this.#last = this.#last.then(() => this.#answer(data)).finally(() => this.#waiting--);
  }

  /** Says what is wrong, and closes the connection: who sends such things sends more of them. */
  #refuse(error: ApiError, closeCode: number): void {
    this.#sendError(error);
    this.#socket.close(closeCode, error.message.slice(0, 100));
  }

  end(): void {
    this.#isOver = true;
    this.#cancel();
  }

  async #answer(text: string): Promise<void> {
    if (this.#isOver) return;
    // Each message is a request of its own.
    this.#c.set('isRecorded', false);
    this.#c.set('askedModel', undefined);
    try {
      await this.#respond(text);
    } catch (error) {
      const apiError = toApiError(error);
      if (apiError.code === 'internal_error') {
        this.#parts.logger.error({ reason: messageOf(error) }, 'a request over a web socket failed');
      }
      const refusal = refusalIn(this.#c, apiError);
      if (refusal && !this.#isOver) this.#parts.refused.note(refusal);
      this.#sendError(apiError);
    }
  }

  /** As OpenAI has it, what could not be gone on with is forgotten, unless it is kept. */
  async #goOn(body: ResponseBody): Promise<void> {
    const isUnkept =
      body.previous_response_id !== undefined && body.previous_response_id === this.#unkept?.id;
    try {
      await this.#respondTo(body);
    } catch (error) {
      if (isUnkept) this.#unkept = undefined;
      throw error;
    }
  }

  async #respond(text: string): Promise<void> {
    const { type, stream: _stream, ...fields } = readMessage(text);
    if (type !== 'response.create') {
      throw new ApiError(400, '\'type\' must be "response.create".', { param: 'type' });
    }
    this.#checkCaller();
    const body = readResponseBody({ ...fields, stream: true });
    if (body.background) {
      throw new ApiError(400, "'background' is for requests that don't wait; ask with POST.", {
        param: 'background',
      });
    }
    await this.#goOn(body);
  }

  async #respondTo(body: ResponseBody): Promise<void> {
    const { owner } = this.#c.var.caller;
    const items = await conversationItems(this.#parts, owner, body, this.#unkept);
    await infer(
      this.#c,
      this.#parts,
      { model: body.model, promptParam: 'input', outlivesReader: true },
      async (inference) => {
        const { controller } = inference;
        this.#cancel = () => controller.abort();
        if (this.#isOver) this.#cancel();
        const { running, drive } = await startResponse(this.#c, this.#parts, inference, body, items);
        await drive((events) => this.#sendEvents(events));
        const { response } = running;
        this.#unkept = { id: response.id, items: [...items, ...readItems(response.output)] };
      },
    );
    this.#cancel = () => undefined;
  }

  /** Keys and logins can end while the connection is open. */
  #checkCaller(): void {
    const caller = this.#c.var.callerNow();
    if (!hasScope(caller, 'ask') || caller.owner !== this.#c.var.caller.owner) {
      this.#socket.close(closeCodes.policy, 'the key or login has ended');
      throw new ApiError(401, 'The key or login has ended.', { code: 'invalid_api_key' });
    }
    this.#c.set('caller', caller);
  }

  #sendEvents(events: readonly ResponseEvent[]): void {
    for (const event of events) this.#send(event);
  }

  #sendError({ status, body }: ApiError): void {
    this.#send({ type: 'error', status, error: body.error });
  }

  #send(message: object): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > maxUnreadBytes) {
      this.#socket.terminate();
      return;
    }
    this.#socket.send(JSON.stringify(message));
  }
}

/** @throws ApiError 400 */
function readMessage(text: string): Record<string, unknown> {
  refuseLargeJson(text, bodyJsonLimits, 'message');
  let message: unknown;
  try {
    message = parseJson(text);
  } catch (cause) {
    throw new ApiError(400, `The message is not valid JSON: ${messageOf(cause)}.`, {
      code: 'invalid_json',
      cause,
    });
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw new ApiError(400, 'A message must be a JSON object.', { code: 'invalid_type' });
  }
  return message as Record<string, unknown>;
}
