/** Writes an answer as events of a response, piece by piece; the same pieces give the same events. */
import type OpenAI from 'openai';
import type { FinishReason } from '../../../generation/generation.ts';
import { customInput } from '../../inference/customTools.ts';
import {
  itemId,
  type Logprob,
  type OutputItem,
  type ResponseEvent,
  type ResponseObject,
} from './responseShapes.ts';
import type { CallableTool } from './responseTools.ts';
import { seal } from './sealedText.ts';

/** What comes of an answer, in order. One of the last three is the last. */
export type Piece =
  | { type: 'text'; text: string; logprobs: Logprob[] }
  | { type: 'reasoning'; text: string }
  | { type: 'call'; id: string; arguments: string; tool: CallableTool }
  | { type: 'finish'; reason: FinishReason; usage: OpenAI.Responses.ResponseUsage; at: number }
  | { type: 'failed'; error: OpenAI.Responses.ResponseError; at: number }
  | { type: 'cancelled'; at: number };

/** How a response is written, beside what it says of itself. */
export interface WritingOptions {
  /** True where thoughts are also told sealed, for programs that send them back. */
  seals: boolean;
}

type Message = OpenAI.Responses.ResponseOutputMessage;
type Reasoning = OpenAI.Responses.ResponseReasoningItem;
/** An item that grows. */
interface Open {
  item: Message | Reasoning;
  text: string;
  logprobs: Logprob[];
}
type Unnumbered<E> = E extends { sequence_number: number } ? Omit<E, 'sequence_number'> : never;
type NewEvent = Unnumbered<ResponseEvent>;

export class ResponseWriter {
  readonly #response: ResponseObject;
  readonly #options: WritingOptions;
  /** What the answer goes on with. */
  #open: Open | undefined;
  #events: ResponseEvent[] = [];
  #sequence = 0;

  /** @param begun is not changed */
  constructor(begun: ResponseObject, options: WritingOptions) {
    this.#response = structuredClone(begun);
    this.#options = options;
  }

  /** The response as far as it has come. */
  get response(): ResponseObject {
    const open = this.#open;
    if (!open) return this.#response;
    return { ...this.#response, output: [...this.#response.output, this.#asItem('in_progress')] };
  }

  /** The events before anything of the answer is there. */
  begin(): ResponseEvent[] {
    if (this.#response.status === 'queued') {
      this.#send({ type: 'response.created', response: this.#snapshot() });
      this.#send({ type: 'response.queued', response: this.#snapshot() });
      this.#response.status = 'in_progress';
    } else this.#send({ type: 'response.created', response: this.#snapshot() });
    this.#send({ type: 'response.in_progress', response: this.#snapshot() });
    return this.#taken();
  }

  add(piece: Piece): ResponseEvent[] {
    switch (piece.type) {
      case 'text':
        this.#addText(piece.text, piece.logprobs);
        break;
      case 'reasoning':
        this.#addReasoning(piece.text);
        break;
      case 'call':
        this.#close('completed');
        this.#addCall(piece);
        break;
      case 'finish': {
        const isCut = piece.reason === 'length';
        if (!this.#open && this.#response.output.length === 0) this.#openMessage();
        this.#close(isCut ? 'incomplete' : 'completed');
        this.#response.usage = piece.usage;
        if (isCut) this.#response.incomplete_details = { reason: 'max_output_tokens' };
        this.#end(isCut ? 'incomplete' : 'completed', piece.at);
        break;
      }
      case 'failed':
        this.#close('incomplete');
        this.#response.error = piece.error;
        this.#end('failed', piece.at);
        break;
      case 'cancelled':
        this.#close('incomplete');
        this.#end('cancelled', piece.at);
    }
    return this.#taken();
  }

  #addText(text: string, logprobs: Logprob[]): void {
    if (this.#open?.item.type !== 'message') {
      if (text === '') return;
      this.#close('completed');
      this.#openMessage();
    }
    const open = this.#open as Open;
    open.text += text;
    open.logprobs.push(...logprobs);
    this.#send({ type: 'response.output_text.delta', ...this.#place(), delta: text, logprobs });
  }

  #openMessage(): void {
    const id = itemId('msg', this.#requestId, this.#response.output.length);
    const item: Message = { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] };
    this.#open = { item, text: '', logprobs: [] };
    this.#send({ type: 'response.output_item.added', output_index: this.#index, item });
    this.#send({ type: 'response.content_part.added', ...this.#place(), part: outputText('', []) });
  }

  #addReasoning(text: string): void {
    if (this.#open?.item.type !== 'reasoning') {
      this.#close('completed');
      const id = itemId('rs', this.#requestId, this.#response.output.length);
      const item: Reasoning = { id, type: 'reasoning', summary: [], content: [], status: 'in_progress' };
      this.#open = { item, text: '', logprobs: [] };
      this.#send({ type: 'response.output_item.added', output_index: this.#index, item });
      if (this.#summarises) {
        const part = { type: 'summary_text' as const, text: '' };
        this.#send({ type: 'response.reasoning_summary_part.added', ...this.#summaryPlace(), part });
      } else {
        const part = { type: 'reasoning_text' as const, text: '' };
        this.#send({ type: 'response.content_part.added', ...this.#place(), part });
      }
    }
    const open = this.#open;
    open.text += text;
    this.#send(
      this.#summarises
        ? { type: 'response.reasoning_summary_text.delta', ...this.#summaryPlace(), delta: text }
        : { type: 'response.reasoning_text.delta', ...this.#place(), delta: text },
    );
  }

  #addCall({ id: callId, arguments: given, tool }: Piece & { type: 'call' }): void {
    const { name, namespace } = tool;
    const named = { call_id: callId, name, ...(namespace === undefined ? {} : { namespace }) };
    const [output_index, requestId] = [this.#index, this.#requestId];
    if (tool.kind === 'custom') {
      const item_id = itemId('ctc', requestId, output_index);
      const call = { id: item_id, type: 'custom_tool_call' as const, status: 'in_progress', ...named };
      const input = customInput(given);
      const place = { item_id, output_index };
      this.#send({ type: 'response.output_item.added', output_index, item: { ...call, input: '' } });
      this.#send({ type: 'response.custom_tool_call_input.delta', ...place, delta: input });
      this.#send({ type: 'response.custom_tool_call_input.done', ...place, input });
      this.#done({ ...call, status: 'completed', input } as OutputItem);
      return;
    }
    const item_id = itemId('fc', requestId, output_index);
    const call = { id: item_id, type: 'function_call' as const, ...named };
    const place = { item_id, output_index };
    const begun = { ...call, status: 'in_progress' as const, arguments: '' };
    this.#send({ type: 'response.output_item.added', output_index, item: begun });
    this.#send({ type: 'response.function_call_arguments.delta', ...place, delta: given });
    this.#send({ type: 'response.function_call_arguments.done', ...place, arguments: given });
    this.#done({ ...call, status: 'completed', arguments: given });
  }

  /** Ends the item that the answer went on with. */
  #close(status: 'completed' | 'incomplete'): void {
    const open = this.#open;
    if (!open) return;
    const { text, logprobs } = open;
    const [place, summary] = [this.#place(), this.#summaryPlace()];
    if (open.item.type === 'message') {
      this.#send({ type: 'response.output_text.done', ...place, text, logprobs });
      this.#send({ type: 'response.content_part.done', ...place, part: outputText(text, logprobs) });
    } else if (this.#summarises) {
      const part = { type: 'summary_text' as const, text };
      this.#send({ type: 'response.reasoning_summary_text.done', ...summary, text });
      this.#send({ type: 'response.reasoning_summary_part.done', ...summary, part });
    } else {
      this.#send({ type: 'response.reasoning_text.done', ...place, text });
      const part = { type: 'reasoning_text' as const, text };
      this.#send({ type: 'response.content_part.done', ...place, part });
    }
    const item = this.#asItem(status);
    this.#open = undefined;
    this.#done(item);
  }

  #done(item: OutputItem): void {
    this.#send({ type: 'response.output_item.done', output_index: this.#index, item });
    this.#response.output.push(item);
  }

  /** The open item with all that it has so far. */
  #asItem(status: 'in_progress' | 'completed' | 'incomplete'): OutputItem {
    const { item, text, logprobs } = this.#open as Open;
    if (item.type === 'message') return { ...item, status, content: [outputText(text, logprobs)] };
    return {
      ...item,
      status,
      ...(this.#summarises
        ? { summary: [{ type: 'summary_text', text }], content: [] }
        : { content: [{ type: 'reasoning_text', text }] }),
      ...(this.#options.seals ? { encrypted_content: seal(text) } : {}),
    };
  }

  /** @param at Unix seconds */
  #end(status: 'completed' | 'incomplete' | 'failed' | 'cancelled', at: number): void {
    this.#response.status = status;
    this.#response.completed_at = status === 'completed' ? at : null;
    // There is no event of its own for what was cancelled.
    const type = status === 'cancelled' ? 'response.incomplete' : (`response.${status}` as const);
    this.#send({ type, response: this.#snapshot() });
  }

  get #index(): number {
    return this.#response.output.length;
  }

  get #requestId(): string {
    return this.#response.id.replace(/^resp_/, '');
  }

  /** Whoever asks for a summary is told what the model thought; the hub writes no shorter one. */
  get #summarises(): boolean {
    return typeof this.#response.reasoning?.summary === 'string';
  }

  #place(): { item_id: string; output_index: number; content_index: number } {
    return { item_id: this.#open?.item.id ?? '', output_index: this.#index, content_index: 0 };
  }

  #summaryPlace(): { item_id: string; output_index: number; summary_index: number } {
    return { item_id: this.#open?.item.id ?? '', output_index: this.#index, summary_index: 0 };
  }

  #snapshot(): ResponseObject {
    return { ...this.#response, output: [...this.#response.output] };
  }

  #send(event: NewEvent): void {
    this.#events.push({ ...event, sequence_number: this.#sequence++ });
  }

  #taken(): ResponseEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

function outputText(text: string, logprobs: Logprob[]): OpenAI.Responses.ResponseOutputText {
  return { type: 'output_text', text, annotations: [], logprobs };
}
