/** One streamed answer with the moment of each of its pieces. */
import type OpenAI from 'openai';

export interface StreamedAnswer {
  requestId: string;
  text: string;
  tokens: number;
  cachedTokens: number;
  /** Milliseconds from the question to the first piece. */
  firstTokenMs: number;
  /** The longest time without a piece after the first, in milliseconds. */
  longestPauseMs: number;
  /** When each piece came, by `performance.now()`. */
  times: number[];
}

export interface Question {
  messages: OpenAI.ChatCompletionMessageParam[];
  tokens: number;
  /** Called after each piece, with how many have come. */
  onPiece?: (pieces: number) => void;
}

/** An answer of exactly so many tokens: the model's end token (2 in the bench's models) is made not to come. */
export async function stream(
  client: OpenAI,
  { messages, tokens, onPiece }: Question,
): Promise<StreamedAnswer> {
  const [model] = (await client.models.list()).data;
  const began = performance.now();
  const { data: chunks, response } = await client.chat.completions
    .create({
      ...{ model: model?.id ?? '', messages, temperature: 0, max_tokens: tokens, logit_bias: { 2: -100 } },
      ...{ stream: true, stream_options: { include_usage: true } },
    })
    .withResponse();
  const times: number[] = [];
  let text = '';
  let usage: OpenAI.CompletionUsage | undefined;
  for await (const chunk of chunks) {
    const content = chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
    if (content === '') continue;
    text += content;
    times.push(performance.now());
    onPiece?.(times.length);
  }
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return {
    requestId: response.headers.get('x-request-id') ?? '',
    text,
    tokens: usage?.completion_tokens ?? 0,
    cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    firstTokenMs: (times[0] ?? Number.NaN) - began,
    longestPauseMs: Math.max(0, ...pauses),
    times,
  };
}
