/** What the text of a response is to be: `text.format`. */
import { z } from 'zod';
import { ApiError } from '../../apiError.ts';
import { jsonObjectGrammar, jsonSchemaGrammar, type WantedGrammar } from '../../inference/wantedGrammar.ts';

export const TextFormat = z.looseObject({
  type: z.enum(['text', 'json_object', 'json_schema'], {
    error: 'must be "text", "json_object" or "json_schema"',
  }),
  name: z.string().max(100).nullish(),
  description: z.string().nullish(),
  schema: z.looseObject({}).nullish(),
  strict: z.boolean().nullish(),
});

/** @returns undefined where the text is free. @throws ApiError 400 where the schema is missing, or too large */
export function wantedOf(format: z.infer<typeof TextFormat> | null | undefined): WantedGrammar | undefined {
  const param = 'text.format.schema';
  switch (format?.type) {
    case undefined:
    case 'text':
      return undefined;
    case 'json_object':
      return jsonObjectGrammar('text.format');
    case 'json_schema':
      if (format.schema) return jsonSchemaGrammar(format.schema, param);
      throw new ApiError(400, `'${param}' is missing: it says what the answer must be`, { param });
  }
}
