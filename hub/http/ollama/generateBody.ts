/** The body of Ollama's `POST /api/generate`. */
import { z } from 'zod';
import { bodyReader } from '../inference/readBody.ts';
import { ollamaFields } from './ollamaFields.ts';

/** What this surface honours. */
export const OllamaGenerateBody = z.object({
  ...ollamaFields,
  prompt: z.string({ error: 'must be a string' }).default(''),
  system: z.string().optional(),
  /** True for a prompt that goes to the model as it is, without its template. */
  raw: z.boolean().default(false),
});
export type OllamaGenerateBody = z.infer<typeof OllamaGenerateBody>;

/** @throws ApiError 400 with `param` naming what is wrong */
export const readOllamaGenerate: (value: unknown) => OllamaGenerateBody = bodyReader(OllamaGenerateBody);
