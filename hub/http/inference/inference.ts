/** One request to one model: what every surface does between reading a body and writing an answer. */
import type { Logger } from 'pino';
import type { Settings } from '@potluck/api';
import type { KeyUse } from '../../accounts/keyUse.ts';
import type { ConversationKeeper } from '../../conversations/conversationKeeper.ts';
import type { Generation } from '../../generation/generation.ts';
import type { AnswerGrammar } from '../../generation/generationRequest.ts';
import type { Generator } from '../../generation/generator.ts';
import type { RenderOptions, ChatMessage } from '../../models/chatFormat.ts';
import type { GrammarTrials } from '../../models/grammars/grammarTrials.ts';
import type { Model } from '../../models/model.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import type { OnDemand } from '../../pipelines/onDemand.ts';
import type { SuspendedComponents } from './beginning.ts';
import type { HeldToInit } from './heldTo.ts';
import type { SurfaceRequest } from './surfaceRequest.ts';

export interface InferenceComponents {
  generator: Generator;
  deployments: Pick<Deployments, 'find' | 'list'>;
  /** Deploys models that a request names, where the operator wants that. */
  onDemand: Pick<OnDemand, 'isAsleep' | 'isHere' | 'wake'>;
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
  textPromptOf(text: string, addsSpecial: boolean): Promise<number[]>;
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
  eventsRead: readonly number[] | undefined;
  /** Headers of the answer. */
  headers(generation: Generation): Record<string, string>;
}

/** What encoding a prompt without an answer needs. */
export type EncodingComponents = Pick<
  InferenceComponents,
  'deployments' | 'defaultModel' | 'onDemand' | 'settings'
>;
