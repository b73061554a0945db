/** Variables that a program gives to a chat template. */
import { z } from 'zod';

/** They are switches and short texts, written as JSON. */
const maxTemplateVariableCharacters = 16 * 1024;

/** What the hub itself gives to a template, or what would change how it is rendered. */
const reservedVariables = new Set([
  'messages',
  'tools',
  'documents',
  'chat_template',
  'add_generation_prompt',
  'tokenize',
  'padding',
  'truncation',
  'max_length',
  'return_tensor',
  'return_dict',
  'tokenizer_kwargs',
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
]);

export const TemplateVariables = z
  .custom<Record<string, unknown>>((value) => typeof value === 'object' && !Array.isArray(value), {
    error: 'must be a JSON object',
  })
  .superRefine((variables, context) => {
    const reserved = Object.keys(variables).find((name) => reservedVariables.has(name));
    if (reserved !== undefined) {
      context.addIssue({ code: 'custom', message: `may not set '${reserved}', which the hub sets` });
    }
    if (jsonLength(variables) > maxTemplateVariableCharacters) {
      const message = `takes at most ${maxTemplateVariableCharacters} characters of JSON`;
      context.addIssue({ code: 'custom', message });
    }
  });

/** Infinite where the nesting is too deep to be written. */
function jsonLength(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    return Infinity;
  }
}
