/** Starts what a surface asks for, on behalf of one caller. */
import type { ModelDefaults } from '@potluck/api';
import type { SessionId } from '@potluck/protocol';
import type { Generation } from '../../generation/generation.ts';
import type { GenerationRequest } from '../../generation/generationRequest.ts';
import type { AskedRequest } from '../../generation/journal/journalEntry.ts';
import type { Deployment } from '../../pipelines/deployment.ts';
import type { Inference, InferenceComponents } from './inference.ts';
import { withSampling } from './modelDefaults.ts';
import type { SurfaceRequest } from './surfaceRequest.ts';

/** What differs between a new request and one that goes on. */
export type AnswerSource = Pick<Inference, 'promptOf' | 'textPromptOf' | 'heldTo' | 'start'>;

export interface StartingParts {
  components: Pick<InferenceComponents, 'generator' | 'grammars' | 'goingOn'>;
  deployment: Deployment;
  /** As the client named its request, or the hub that passed it on. */
  id: SessionId | undefined;
  asked: AskedRequest | undefined;
  /** By `performance.now()`. */
  arrivedAt: number;
  isTemporary: boolean;
  keepsWords: boolean;
  /** What is said where the request says nothing. */
  defaults: ModelDefaults | undefined;
  /** Aborted when nobody wants the answer any more. */
  signal: AbortSignal;
  onStart: (generation: Generation) => void;
}

/** Who asks: a former run of the hub may have noted that. */
export type Asker = Pick<GenerationRequest, 'author' | 'share'>;

/** @param more what this hub knows of the request beside what the surface says */
export async function startGeneration(
  parts: StartingParts,
  { words, ...request }: SurfaceRequest,
  more: Asker & Partial<GenerationRequest>,
): Promise<Generation> {
  const { components, deployment, arrivedAt, isTemporary, keepsWords, defaults, signal } = parts;
  const whole = {
    ...{ ...withSampling(request, defaults), arrivedAt, isTemporary, ...more },
    ...(keepsWords && words ? { words } : {}),
  };
  const generation = await components.generator.start(deployment, whole, signal);
  parts.onStart(generation);
  return generation;
}
