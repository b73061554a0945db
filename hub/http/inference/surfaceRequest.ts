import type { GenerationRequest } from '../../generation/generationRequest.ts';

/** What a surface says of one generation; who asks and what is kept is the same for all of them. */
export type SurfaceRequest = Omit<
  GenerationRequest,
  'share' | 'author' | 'arrivedAt' | 'isTemporary' | 'systemTokens' | 'samePromptAs'
>;
