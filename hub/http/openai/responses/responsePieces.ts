/** An answer's events as pieces of a response, and its end however it comes. */
import type { OutputEvent } from '../../../generation/output/outputEvents.ts';
import { toApiError, type ApiError } from '../../apiError.ts';
import { responseLogprobs, responseUsage } from './responseShapes.ts';
import type { CallableTool } from './responseTools.ts';
import type { Piece } from './responseWriter.ts';

export interface PiecesInit {
  /** The tools by the names by which the model calls them. */
  tools: ReadonlyMap<string, CallableTool>;
  showsLogprobs: boolean;
  tokenBytes: (token: number) => Uint8Array;
  /** Told why the answer ends without its end. */
  onFailure: (error: ApiError) => void;
}

/** Never throws: an answer that fails ends with a piece that says so. */
export async function* piecesOf(
  events: AsyncGenerator<OutputEvent, void, void>,
  { tools, showsLogprobs, tokenBytes, onFailure }: PiecesInit,
): AsyncGenerator<Piece, void, void> {
  try {
    for await (const event of events) {
      switch (event.type) {
        case 'text':
          yield {
            type: 'text',
            text: event.text,
            logprobs: showsLogprobs ? responseLogprobs(event.logprobs, tokenBytes) : [],
          };
          break;
        case 'reasoning':
          yield { type: 'reasoning', text: event.text };
          break;
        case 'tool-call': {
          const { id, name } = event;
          const tool = tools.get(name) ?? { kind: 'function' as const, name };
          yield { type: 'call', id, arguments: event.arguments, tool };
          break;
        }
        case 'finish': {
          const reason = event.reason === 'length' ? 'length' : 'stop';
          yield { type: 'finish', reason, usage: responseUsage(event.usage), at: now() };
        }
      }
    }
  } catch (error) {
    const apiError = toApiError(error);
    const { code, message } = apiError;
    onFailure(apiError);
    if (code === 'cancelled') yield { type: 'cancelled', at: now() };
    else {
      const known = code === 'rate_limit_exceeded' ? code : 'server_error';
      yield { type: 'failed', error: { code: known, message }, at: now() };
    }
  }
}

/** Unix seconds. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}
