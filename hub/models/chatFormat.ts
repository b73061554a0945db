/** A model's tokenizer with its chat template, as transformers.js reads them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PreTrainedTokenizer } from '@huggingface/transformers';
import { messageOf } from '../errors/messageOf.ts';
import { ModelError } from './modelError.ts';
import { PlainText } from './plainText.ts';
import { loadTransformers } from './transformers.ts';

/** A call of a tool, as chat templates take it. */
export interface ToolCall {
  type: 'function';
  id: string;
  function: { name: string; arguments: unknown };
}

/** A message as chat templates take it. */
export interface ChatMessage {
  /** The last two only in prompts of rerankers. */
  role: 'system' | 'user' | 'assistant' | 'tool' | 'query' | 'document';
  content: string;
  name?: string;
  reasoning_content?: string;
  tool_calls?: ToolCall[];
  /** Of a tool's result: whose result it is. */
  tool_call_id?: string;
}

/** How a conversation is rendered. */
export interface RenderOptions {
  /** Further variables of the template. */
  variables?: Record<string, unknown>;
  /** Functions that the model may call, as OpenAI's API describes them. */
  tools?: unknown[] | undefined;
  /** Where the prompt ends: where an answer starts (the default), inside the last message, or after it. */
  end?: 'answer' | 'inside' | 'after';
}

export interface ChatFormat {
  tokenizer: PreTrainedTokenizer;
  /** The template's text; undefined where the model has none. */
  template: string | undefined;
  /**
   * A conversation as text in the model's own format.
   * @throws ModelError with the template's own words if it refuses the conversation
   */
  render(this: void, messages: ChatMessage[], options?: RenderOptions): string;
  /**
   * Token ids of the same. Special tokens come from the template only: what messages say is text. Takes as long as the
   * model's regular expressions and template take: call it in a thread.
   * @throws ModelError with the template's own words if it refuses the conversation
   */
  encode(this: void, messages: ChatMessage[], options?: RenderOptions): number[];
  /**
   * Token ids of a text in which special tokens count, unless it is plain.
   * @param addsSpecial with those that every prompt begins with
   */
  encodeText(this: void, text: string, addsSpecial: boolean, isPlain?: boolean): number[];
  /** Token ids of two texts as one, and behind them as many token types: of which of the two each token is. */
  encodePair(this: void, text: string, pair: string): number[];
}

/** @throws ModelError if the files are missing or not understood */
export async function loadChatFormat(directory: string): Promise<ChatFormat> {
  const { AutoTokenizer } = await loadTransformers();
  const [tokenizer, separateTemplate] = await Promise.all([
    AutoTokenizer.from_pretrained(path.resolve(directory), { local_files_only: true }),
    readFile(path.join(directory, 'chat_template.jinja'), 'utf8').catch(() => undefined),
  ]).catch((cause: unknown) => {
    throw new ModelError(`The tokenizer in ${directory} can't be loaded: ${messageOf(cause)}`, { cause });
  });
  const plainText = new PlainText(tokenizer);
  const ownTemplate = separateTemplate === undefined ? {} : { chat_template: separateTemplate };
  const encodeText = (text: string, addsSpecial: boolean): number[] =>
    tokenizer.encode(text, { add_special_tokens: addsSpecial });
  const renderGuarded = (messages: ChatMessage[], options: RenderOptions): string => {
    const { variables = {}, tools, end = 'answer' } = options;
    const guarded = plainText.protect({ messages, tools, variables });
    try {
      const text = tokenizer.apply_chat_template(guarded.messages, {
        ...guarded.variables,
        ...ownTemplate,
        ...(guarded.tools ? { tools: guarded.tools } : {}),
        tokenize: false,
        add_generation_prompt: end === 'answer',
      });
      return end === 'inside' ? upTo(text, guarded.messages.at(-1)?.content ?? '') : text;
    } catch (cause) {
      throw new ModelError(`The model's chat template refuses this conversation: ${messageOf(cause)}`, {
        cause,
      });
    }
  };
  return {
    tokenizer,
    template: separateTemplate ?? templateTextOf(tokenizer),
    render: (messages, options = {}) => plainText.restore(renderGuarded(messages, options)),
    encode: (messages, options = {}) => encodeText(renderGuarded(messages, options), false),
    encodeText: (text, addsSpecial, isPlain = false) => {
      const guarded = plainText.protect(isPlain ? text : '');
      return encodeText(isPlain ? guarded : text, addsSpecial);
    },
    encodePair: (text, pair) => {
      plainText.protect('');
      const { input_ids: ids, token_type_ids: types } = tokenizer(text, {
        text_pair: pair,
        add_special_tokens: true,
        return_tensor: false,
        return_token_type_ids: true,
      }) as { input_ids: number[]; token_type_ids?: number[] };
      return [...ids, ...(types ?? ids.map(() => 0))];
    },
  };
}

/** Cuts behind the last message's text, so that the answer goes on with it. Templates trim texts as they like. */
function upTo(rendered: string, content: string): string {
  const start = rendered.lastIndexOf(content.trim());
  if (content.trim() === '' || start < 0) {
    throw new Error('it does not show the last message as it is, so the answer can’t go on with it');
  }
  const shown = rendered.startsWith(content.trimStart(), start) ? content.trimStart() : content.trim();
  return rendered.slice(0, start + shown.length);
}

/** Some models have several; the one for tools says most. */
function templateTextOf(tokenizer: PreTrainedTokenizer): string | undefined {
  const { chat_template: own } = tokenizer as unknown as { chat_template?: unknown };
  if (typeof own === 'string') return own;
  if (typeof own !== 'object' || own === null) return undefined;
  const named = own as Record<string, unknown>;
  const text = named['tool_use'] ?? named['default'];
  return typeof text === 'string' ? text : undefined;
}

/** Characters that a message brings into the prompt. */
export function messageCharacters({
  content,
  name,
  reasoning_content: reasoning,
  tool_calls: calls,
}: ChatMessage): number {
  const more = calls ? JSON.stringify(calls).length : 0;
  return content.length + (name?.length ?? 0) + (reasoning?.length ?? 0) + more;
}
