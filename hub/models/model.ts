/** An imported model as the rest of the hub sees it. */
import type { ModelPackage, StageDescription } from '@potluck/protocol';
import type { Tokenizer } from './tokenizer.ts';

/** A model that is ready to be cut and asked. */
export interface Model {
  package: ModelPackage;
  tokenizer: Tokenizer;
  /** Cuts a stage out and keeps its graph as a blob. Layers are inclusive, counted from 0. */
  cutStage(firstLayer: number, lastLayer: number): Promise<StageDescription>;
}
