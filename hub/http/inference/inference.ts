/** What every surface does between reading a body and writing an answer: find the model, take a place, start generations. */
import type { Context } from 'hono';
import type { Logger } from 'pino';
import { conversationHeaders, requestHeader, type ModelDefaults, type Settings } from '@potluck/api';
import type { KeyUse } from '../../accounts/keyUse.ts';
import type { ConversationKeeper } from '../../conversations/conversationKeeper.ts';
import type { Generation } from '../../generation/generation.ts';
import type { AnswerGrammar } from '../../generation/generationRequest.ts';
import type { Generator } from '../../generation/generator.ts';
import { modelDigest } from '../../generation/journal/journalEntry.ts';
import { makePrompt, makeTextPrompt } from '../../generation/makePrompt.ts';
import { systemTokensOf } from '../../generation/prefixes/systemTokens.ts';
import type { Words } from '../../generation/requestRecord.ts';
import type { GrammarTrials } from '../../models/grammars/grammarTrials.ts';
import type { Model } from '../../models/model.ts';
import type { ChatMessage, RenderOptions } from '../../models/chatFormat.ts';
import type { Deployment } from '../../pipelines/deployment.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import type { OnDemand } from '../../pipelines/onDemand.ts';
import { ApiError } from '../apiError.ts';
import { authorOf, isChat } from '../author.ts';
import { shareOf, type Caller } from '../caller.ts';
import { withSampling, withSystemPrompt } from './modelDefaults.ts';
import { heldTo, marksNamedIn, type HeldToInit } from './heldTo.ts';
import { naming } from './namingParam.ts';
import { passedOnOf } from '../passedOn.ts';
import type { SurfaceRequest } from './surfaceRequest.ts';
import {
  askedOf,
  eventsReadOf,
  namedRequest,
  suspendedRequest,
  type SuspendedComponents,
} from './suspendedRequest.ts';

export interface InferenceComponents {
  generator: Generator;
  deployments: Pick<Deployments, 'find' | 'list'>;
  /** Deploys models that a request names, where the operator wants that. */
  onDemand: Pick<OnDemand, 'isAsleep' | 'wake'>;
  /** Answers where the request names no model; undefined while none is deployed. */
  defaultModel: () => string | undefined;
  conversations: ConversationKeeper;
  keyUse: KeyUse;
  /** Tries grammars before any worker sees them. */
  grammars: GrammarTrials;
  /** Answers that a former run of the hub left unfinished, for those who come back for them. */
  goingOn: SuspendedComponents;
  /** What of a request's words is kept with it, other names of models, and what is said where a request says nothing. */
  settings: () => Pick<
    Settings,
    'keepChatWords' | 'keepApiWords' | 'aliases' | 'modelDefaults' | 'defaultsForPrograms'
  >;
  logger: Logger;
}

/** One request to one model, on behalf of one caller. */
export interface Inference {
  model: Model;
  /** Ends everything that was started for the request. */
  controller: AbortController;
  /** Called when the reader of a stream goes away. */
  onReaderGone: () => void;
  /** @throws GenerationError as `makePrompt` does */
  promptOf(messages: ChatMessage[], options?: RenderOptions): Promise<number[]>;
  /** The same for a text that is a prompt as it is. @param addsSpecial with the tokens that every prompt begins with */
  textPromptOf(text: string, addsSpecial: boolean, isPlain?: boolean): Promise<number[]>;
  /**
   * What an answer is held to, tried.
   * @throws ApiError 400 as `heldTo` does
   */
  heldTo(asked: Omit<HeldToInit, 'model'>): Promise<AnswerGrammar | undefined>;
  /**
   * Starts generations, all or none. Words are kept only where the settings say so.
   * @throws GenerationError
   */
  start(requests: [SurfaceRequest, ...SurfaceRequest[]]): Promise<[Generation, ...Generation[]]>;
  /** Events of the answer's stream that the client has; undefined where they have no numbers. */
  eventsRead: number | undefined;
  /** Headers of the answer. */
  headers(generation: Generation): Record<string, string>;
}

export interface InferenceOptions {
  /** As the request names it. */
  model: string | undefined;
  /** The parameter that the prompt is made of. */
  promptParam: string;
  /** True where the answer is kept, and goes on without its reader. */
  outlivesReader?: boolean;
}

/**
 * Finds the model, takes one of the places that the caller's key has, and lets `work` answer. Where that fails, what was
 * started ends.
 * @throws ApiError, GenerationError
 */
export async function infer<T>(
  c: Context,
  components: InferenceComponents,
  { model: named, promptParam, outlivesReader = false }: InferenceOptions,
  work: (inference: Inference) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const { generator, settings, grammars, goingOn } = components;
  const { caller } = c.var;
  const passedOn = passedOnOf(c);
  const id = namedRequest(c);
  const eventsRead = eventsReadOf(c);
  const asked = await askedOf(c, outlivesReader);
  const before = id && (await suspendedRequest(c, goingOn, id, asked));
  const suspended = before && !('seedBefore' in before) ? before : undefined;
  const seedToDraw = before && 'seedBefore' in before ? before.seedBefore : passedOn?.answer?.seed;
  const wanted = suspended?.model ?? named;
  c.set('askedModel', wanted);
  await wake(c, components, wanted ?? components.defaultModel());
  const deployment = findDeployment(wanted, components);
  const { model } = deployment;
  c.set('askedModel', model.package.id);
  if (suspended && suspended.modelDigest !== modelDigest(model.package)) throw hasOtherFiles(model);
  if (model.package.encoder) throw writesNothing(model);
  const done = await takePlace(caller, model.package.id, components);
  // Ends the generation when the client goes away, whatever it was waiting for.
  const controller = new AbortController();
  const { signal } = controller;
  if (!outlivesReader) {
    c.req.raw.signal.addEventListener('abort', () => controller.abort(), { once: true });
    if (c.req.raw.signal.aborted) controller.abort();
  }
  const isTemporary = c.req.header(conversationHeaders.temporary) !== undefined;
  const mayKeep = isChat(caller) ? settings().keepChatWords : settings().keepApiWords;
  const keepsWords = mayKeep && !isTemporary;
  const defaults = isChat(caller) ? undefined : defaultsFor(model, components);
  const author = suspended?.author ?? authorOf(caller);
  const common = { author, share: suspended?.share ?? shareOf(c), arrivedAt: started, isTemporary };
  if (suspended) goingOn.suspended.take(suspended, () => controller.abort());
  const generations: Generation[] = [];
  /** Of prompts that were made of conversations. */
  const systemTokens = new Map<readonly number[], number>();
  const inference: Inference = {
    model,
    controller,
    onReaderGone: () => {
      if (!outlivesReader) controller.abort();
      else for (const generation of generations) generation.readerGone();
    },
    eventsRead,
    promptOf: async (messages, options = {}) => {
      if (suspended) return suspended.prompt;
      await generator.ready(deployment, common.share);
      const encoding = { ...options, share: common.share, signal };
      const told = withSystemPrompt(messages, defaults);
      const prompt = await makePrompt(model, told, encoding);
      systemTokens.set(prompt, await systemTokensOf(model, told, encoding, prompt));
      return prompt;
    },
    textPromptOf: async (text, addsSpecial) => {
      if (suspended) return suspended.prompt;
      await generator.ready(deployment, common.share);
      return makeTextPrompt(model, text, { addsSpecial, share: common.share, signal });
    },
    heldTo: async (held) => {
      // What was tried by the former run of the hub.
      if (suspended) return suspended.constraint;
      return heldTo({ ...held, model }, (grammar) =>
        grammars.try({ grammar, marks: marksNamedIn(grammar, model.tokenizer) }, common.share, signal),
      );
    },
    start: async ([first, ...more]) => {
      const isNamed = c.req.header(requestHeader) !== undefined;
      if (isNamed && more.length > 0) throw severalAnswers();
      const own = {
        ...(id && more.length === 0 ? { id } : {}),
        ...(seedToDraw !== undefined && more.length === 0 ? { seedToDraw } : {}),
        ...(suspended ? { suspended } : {}),
        ...(asked && more.length === 0 ? { asked } : {}),
      };
      const firstOf = new Map<readonly number[], Generation>();
      const start = async ({ words, ...request }: SurfaceRequest): Promise<Generation> => {
        const kept: { words?: Words[] } = keepsWords && words ? { words } : {};
        const samePromptAs = firstOf.get(request.prompt);
        const ofPrompt = {
          systemTokens: systemTokens.get(request.prompt) ?? 0,
          ...(samePromptAs && { samePromptAs }),
        };
        const whole = { ...withSampling(request, defaults), ...kept, ...common, ...ofPrompt, ...own };
        const generation = await generator.start(deployment, whole, signal);
        if (suspended) goingOn.suspended.went(suspended);
        if (!samePromptAs) firstOf.set(request.prompt, generation);
        generations.push(generation);
        c.set('isRecorded', true);
        return generation;
      };
      const all: [Generation, ...Generation[]] = [await start(first)];
      for (const request of more) all.push(await start(request));
      void Promise.all(all.map(({ recorded }) => recorded)).then(done);
      return all;
    },
    headers: (generation) => ({
      'x-request-id': generation.id,
      'x-potluck-route': generation.route,
      'server-timing': `accept;dur=${(performance.now() - started).toFixed(1)}`,
    }),
  };
  try {
    return await work(inference);
  } catch (error) {
    done();
    controller.abort();
    if (suspended) goingOn.suspended.giveBack(suspended);
    await Promise.all(generations.map((generation) => generation.discard()));
    throw naming(promptParam, error);
  }
}

/** What encoding a prompt without an answer needs. */
export type EncodingComponents = Pick<
  InferenceComponents,
  'deployments' | 'defaultModel' | 'onDemand' | 'settings'
>;

/**
 * A model whose tokenizer a request asks, and makers of prompts for that request; no devices are needed.
 * @throws ApiError
 */
export async function encodingFor(
  c: Context,
  components: EncodingComponents,
  named: string | undefined,
): Promise<Pick<Inference, 'model' | 'promptOf' | 'textPromptOf'>> {
  await wake(c, components, named ?? components.defaultModel());
  const { model } = findDeployment(named, components);
  refuseForeignModel(c.var.caller, model.package.id);
  const own = { share: shareOf(c), signal: c.req.raw.signal };
  return {
    model,
    promptOf: (messages, options = {}) =>
      makePrompt(model, withSystemPrompt(messages, defaultsFor(model, components)), { ...options, ...own }),
    textPromptOf: (text, addsSpecial, isPlain = false) =>
      makeTextPrompt(model, text, { addsSpecial, isPlain, ...own }),
  };
}

/**
 * Deploys the model that a request asks, where the operator wants that, and waits until it can be asked.
 * @param asked its name, or an alias; undefined: nothing is deployed
 * @throws ApiError 403, DeploymentError, ModelError
 */
export async function wake(
  c: Context,
  { deployments, onDemand, settings }: Pick<EncodingComponents, 'deployments' | 'onDemand' | 'settings'>,
  asked: string | undefined,
): Promise<void> {
  if (asked === undefined) return;
  const isModel = (name: string): boolean => onDemand.isAsleep(name) || deployments.find(name) !== undefined;
  const id = idOf(asked, settings().aliases, isModel);
  if (onDemand.isAsleep(id)) refuseForeignModel(c.var.caller, id);
  await onDemand.wake(id, c.req.raw.signal);
}

function defaultsFor(
  { package: { id } }: Model,
  { settings }: Pick<InferenceComponents, 'settings'>,
): ModelDefaults | undefined {
  const { defaultsForPrograms, modelDefaults } = settings();
  return defaultsForPrograms && Object.hasOwn(modelDefaults, id) ? modelDefaults[id] : undefined;
}

/** The id that a name stands for. A model's own name comes before an alias. */
function idOf(
  name: string,
  aliases: Readonly<Record<string, string>>,
  isModel: (id: string) => boolean,
): string {
  if (isModel(name) || !Object.hasOwn(aliases, name)) return name;
  return aliases[name] ?? name;
}

/** @param named as the request names it @throws ApiError 404 */
function findDeployment(
  named: string | undefined,
  { deployments, defaultModel, settings }: EncodingComponents,
): Deployment {
  const asked = named ?? defaultModel();
  if (asked === undefined) {
    throw new ApiError(404, "The request names no 'model', and none is deployed that could answer instead.", {
      code: 'model_not_found',
      param: 'model',
    });
  }
  const deployment = findNamed(asked, { deployments, settings });
  if (!deployment) throw unknownModel(asked, deployments.list);
  return deployment;
}

/** @returns what is deployed under a model's own name, or under an alias of it */
export function findNamed(
  asked: string,
  { deployments, settings }: Pick<EncodingComponents, 'deployments' | 'settings'>,
): Deployment | undefined {
  return deployments.find(idOf(asked, settings().aliases, (name) => deployments.find(name) !== undefined));
}

/** A name as an error says it: whoever sends megabytes does not get them back. */
function shortened(name: string): string {
  const most = 100;
  return name.length > most ? `${name.slice(0, most)}…` : name;
}

/** What a client hears who asks for a model that is not here. */
export function unknownModel(asked: string, served: readonly Deployment[]): ApiError {
  const names = served.map(({ model }) => `'${model.package.id}'`).join(', ');
  const hint = names === '' ? 'none is deployed' : `${names} ${served.length === 1 ? 'does' : 'do'}`;
  return new ApiError(404, `The model '${shortened(asked)}' does not exist here; ${hint}.`, {
    code: 'model_not_found',
    param: 'model',
  });
}

function severalAnswers(): ApiError {
  return new ApiError(400, `A request with ${requestHeader} has one prompt and one answer.`, {
    param: requestHeader,
  });
}

function hasOtherFiles({ package: { id } }: Model): ApiError {
  return new ApiError(
    409,
    `'${id}' was replaced by other files, so the answer can't go on. Ask anew, with another id.`,
    { code: 'conflict', param: requestHeader },
  );
}

function writesNothing({ package: { id, encoder } }: Model): ApiError {
  const [what, where] =
    encoder?.task === 'rerank'
      ? ['rates documents', '/v1/rerank']
      : ['turns texts into vectors', '/v1/embeddings'];
  return new ApiError(
    400,
    `'${id}' ${what} and writes nothing. Ask it at ${where}, or choose a model that writes.`,
    {
      ...{ code: 'model_not_supported', param: 'model' },
    },
  );
}

/** Takes one of the places that the caller's key has. @returns a function that gives it back */
export async function takePlace(
  { key }: Caller,
  model: string,
  { keyUse }: Pick<InferenceComponents, 'keyUse'>,
): Promise<() => void> {
  if (!key) return () => undefined;
  refuseForeignModel({ key }, model);
  const begun = await keyUse.begin(key);
  if (typeof begun === 'function') return begun;
  const { message, retryAfterSeconds } = begun;
  throw new ApiError(429, message, { code: 'rate_limit_exceeded', retryAfterSeconds });
}

/** @throws ApiError 403 where the caller's key is for other models */
function refuseForeignModel({ key }: Pick<Caller, 'key'>, model: string): void {
  if (!key?.limits.models || key.limits.models.includes(model)) return;
  throw new ApiError(403, `The key '${key.name}' may not ask '${model}'.`, {
    code: 'model_not_allowed',
    param: 'model',
  });
}
