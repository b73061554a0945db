/** Answers in Anthropic's shape. */
import type Anthropic from '@anthropic-ai/sdk';
import type { Generation } from '../../generation/generation.ts';
import type { OutputEvent, OutputUsage } from '../../generation/output/outputEvents.ts';

type Finish = Extract<OutputEvent, { type: 'finish' }>;

/** How an answer ended. */
export interface MessageEnd {
  stop_reason: Anthropic.StopReason;
  stop_sequence: string | null;
}

/** @param maxTokens as the request has it: who gets less has come to the end of the room that there is */
export function messageEnd(
  { reason, stoppedBy, usage }: Pick<Finish, 'reason' | 'stoppedBy' | 'usage'>,
  maxTokens: number,
): MessageEnd {
  const reasons: Record<Finish['reason'], Anthropic.StopReason> = {
    stop: stoppedBy === undefined ? 'end_turn' : 'stop_sequence',
    length: usage.completionTokens < maxTokens ? 'model_context_window_exceeded' : 'max_tokens',
    tool_calls: 'tool_use',
  };
  const stop_reason = reasons[reason];
  return { stop_reason, stop_sequence: stop_reason === 'stop_sequence' ? (stoppedBy ?? null) : null };
}

export interface MessageInit {
  generation: Pick<Generation, 'id' | 'model'>;
  content: Anthropic.ContentBlock[];
  end: MessageEnd | null;
  usage: OutputUsage;
}

export function messageBody({ generation, content, end, usage }: MessageInit): Anthropic.Message {
  return {
    id: `msg_${generation.id}`,
    type: 'message',
    role: 'assistant',
    model: generation.model,
    content,
    stop_reason: end?.stop_reason ?? null,
    stop_sequence: end?.stop_sequence ?? null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: {
      ...deltaUsage(usage),
      input_tokens: usage.promptTokens - usage.cachedTokens,
      cache_creation: null,
      inference_geo: null,
      service_tier: 'standard',
      speed: null,
    },
  };
}

/** What an answer used, as the last event but one of a stream has it. Anthropic's input tokens are those that no cache had. */
export function deltaUsage({
  promptTokens,
  cachedTokens,
  completionTokens,
  reasoningTokens = 0,
}: OutputUsage): Anthropic.MessageDeltaUsage {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
    output_tokens: completionTokens,
    output_tokens_details: { thinking_tokens: reasoningTokens },
    server_tool_use: null,
  };
}

export function textBlock(text: string): Anthropic.TextBlock {
  return { type: 'text', text, citations: null };
}

/** @param signature clients send only signed thoughts again; the hub takes any */
export function thinkingBlock(thinking: string, signature: string): Anthropic.ThinkingBlock {
  return { type: 'thinking', thinking, signature };
}

export function toolUseBlock(
  { id, name }: Pick<Extract<OutputEvent, { type: 'tool-call' }>, 'id' | 'name'>,
  input: unknown,
): Anthropic.ToolUseBlock {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } };
}
