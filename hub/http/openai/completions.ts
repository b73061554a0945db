/** `POST /v1/completions`: a prompt goes on as it is, without a template. */
import type { Context } from 'hono';
import type OpenAI from 'openai';
import type { Usage } from '../../generation/generation.ts';
import { answerStream, openaiStream } from '../inference/answerStream.ts';
import { answerWhole } from '../inference/answerWhole.ts';
import { choicesOf, refuseUnknownToken, settingsOf } from '../inference/generationFields.ts';
import { infer } from '../inference/infer.ts';
import type { Inference, InferenceComponents } from '../inference/inference.ts';
import { interleave } from '../inference/interleave.ts';
import { promptText } from '../inference/promptText.ts';
import { readJson } from '../inference/readJson.ts';
import type { SurfaceRequest } from '../inference/surfaceRequest.ts';
import { wantedGrammar } from '../inference/wantedGrammar.ts';
import { answerBase, leastCached, usageBody, usageSoFar, type AnswerBase } from './answerShapes.ts';
import {
  promptAlternatives,
  promptsOf,
  readCompletionBody,
  refuseManyScores,
  type CompletionBody,
  type CompletionPrompt,
} from './completionBody.ts';
import { Reports } from './reports.ts';
import {
  completion,
  completionLogprobs,
  noLogprobs,
  promptLogprobs,
  type CompletionChoice,
} from './completionShapes.ts';

type Generations = Awaited<ReturnType<Inference['start']>>;

/** Answers with all choices of all prompts, as a stream or as a whole. */
export async function answerCompletion(c: Context, components: InferenceComponents): Promise<Response> {
  const body = readCompletionBody(await readJson(c));
  const prompts = promptsOf(body);
  return infer(c, components, { model: body.model, promptParam: 'prompt' }, async (inference) => {
    const { model } = inference;
    const settings = settingsOf(body, {
      vocabularySize: model.package.vocabularySize,
      topLogprobs: body.logprobs,
    });
    const encoded: number[][] = [];
    for (const prompt of prompts) encoded.push(await tokensOf(prompt, body, inference));
    refuseManyScores(body, encoded);
    const texts = prompts.map((prompt) => textOf(prompt, inference));
    const constraint = await inference.heldTo({ wanted: wantedGrammar(body) });
    const promptScores = promptAlternatives(body);
    const requests = encoded.flatMap((prompt, index) => {
      const request = {
        ...{ ...settings, prompt, words: [{ role: 'user', content: texts[index] ?? '' }] },
        ...(constraint ? { constraint } : {}),
        ...(promptScores === undefined ? {} : { promptScores }),
      };
      return choicesOf(request, body.n);
    }) as [SurfaceRequest, ...SurfaceRequest[]];
    const generations = await inference.start(requests);
    const [generation] = generations;
    const answering: Answering = {
      inference,
      generations,
      body,
      base: answerBase('cmpl', generation, model),
      echo: (index) => {
        const text = body.echo ? (texts[Math.floor(index / body.n)] ?? '') : '';
        const scores = generations[index]?.promptScores;
        if (!scores) return { text, logprobs: body.logprobs === undefined ? null : noLogprobs() };
        const prompt = requests[index]?.prompt ?? [];
        return { text, logprobs: promptLogprobs(prompt, scores, text, model.tokenizer.tokenBytes) };
      },
      usage: (usages) => usageOf(usages, encoded, body.n),
      reports: new Reports({
        fields: body,
        generations,
        prompts: requests.map(({ prompt }) => prompt),
        promptsIn: 'choices',
      }),
    };
    return body.stream ? streamCompletion(answering, components) : await wholeCompletion(answering);
  });
}

/** An answer on its way to a client. */
interface Answering {
  inference: Inference;
  generations: Generations;
  body: CompletionBody;
  base: AnswerBase;
  /** What stands before a choice's own text. Asked once its first event is there. */
  echo: (index: number) => Pick<CompletionChoice, 'text' | 'logprobs'>;
  usage: (usages: readonly Usage[]) => OpenAI.CompletionUsage;
  reports: Reports;
}

async function wholeCompletion(answering: Answering): Promise<Response> {
  const { inference, generations, base, echo, usage, reports } = answering;
  const { tokenBytes } = inference.model.tokenizer;
  const choices: CompletionChoice[] = [];
  const usages: Usage[] = [];
  const events = generations.map((one) => one.events(inference.controller.signal));
  for await (const { index, value: event } of interleave(events)) {
    const choice = (choices[index] ??= { ...echo(index), finishReason: null });
    if (event.type === 'finish') {
      choice.finishReason = event.reason;
      usages[index] = event.usage;
      continue;
    }
    if (choice.logprobs) {
      const more = completionLogprobs(event.logprobs, tokenBytes, choice.text.length);
      choice.logprobs.tokens.push(...more.tokens);
      choice.logprobs.token_logprobs.push(...more.token_logprobs);
      choice.logprobs.top_logprobs.push(...more.top_logprobs);
      choice.logprobs.text_offset.push(...more.text_offset);
    }
    choice.text += event.text;
  }
  const whole = completion(base, [...choices.entries()], usage(usages));
  return answerWhole(reports.with(whole), generations[0], inference.headers(generations[0]));
}

function streamCompletion(answering: Answering, { logger }: InferenceComponents): Response {
  const { inference, generations, body, base, echo, usage, reports } = answering;
  const { tokenBytes } = inference.model.tokenizer;
  const usageNow = (index: number) => usageSoFar(body, generations[index]);
  const lengths = new Map<number, number>();
  const headers = inference.headers(generations[0]);
  return answerStream({ logger, inference, generations, headers, ...openaiStream }, async (send) => {
    const sendChoice = (index: number, choice: Partial<CompletionChoice>): void => {
      const whole = { text: '', logprobs: null, finishReason: null, ...choice };
      send(
        JSON.stringify(reports.with(completion(base, [[index, whole]], usageNow(index)))),
        undefined,
        index,
      );
    };
    const usages: Usage[] = [];
    const events = generations.map((one) => one.events(inference.controller.signal));
    for await (const { index, value: event } of interleave(events)) {
      let offset = lengths.get(index);
      if (offset === undefined) {
        const before = echo(index);
        if (before.text !== '') sendChoice(index, before);
        offset = before.text.length;
        lengths.set(index, offset);
      }
      if (event.type === 'finish') {
        usages[index] = event.usage;
        sendChoice(index, { finishReason: event.reason });
        continue;
      }
      lengths.set(index, offset + event.text.length);
      const logprobs =
        body.logprobs === undefined ? null : completionLogprobs(event.logprobs, tokenBytes, offset);
      sendChoice(index, { text: event.text, logprobs });
    }
    if (body.stream_options?.include_usage === true)
      send(JSON.stringify(completion(base, [], usage(usages))));
  });
}

function tokensOf(prompt: CompletionPrompt, body: CompletionBody, inference: Inference): Promise<number[]> {
  if (typeof prompt === 'string') return inference.textPromptOf(prompt, body.add_special_tokens);
  const { vocabularySize } = inference.model.package;
  for (const token of prompt) refuseUnknownToken(token, 'prompt', vocabularySize);
  return Promise.resolve(prompt);
}

function textOf(prompt: CompletionPrompt, { model: { tokenizer } }: Inference): string {
  if (typeof prompt === 'string') return prompt.toWellFormed();
  return promptText(prompt, tokenizer);
}

/** Every prompt counts once, however many choices go on with it. */
function usageOf(usages: readonly Usage[], prompts: number[][], choices: number): OpenAI.CompletionUsage {
  const whole = usageBody(usages);
  const promptTokens = prompts.reduce((sum, { length }) => sum + length, 0);
  const cached = prompts.map((_, index) => leastCached(usages.slice(index * choices, (index + 1) * choices)));
  return {
    ...whole,
    prompt_tokens: promptTokens,
    prompt_tokens_details: { cached_tokens: cached.reduce((sum, tokens) => sum + tokens, 0) },
    total_tokens: promptTokens + whole.completion_tokens,
  };
}
