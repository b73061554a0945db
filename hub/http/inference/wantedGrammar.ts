/**
 * What an answer is to be held to, in the words of every program that asks for it: OpenAI's `response_format`, vLLM's
 * `guided_…` and `structured_outputs`, llama.cpp's `json_schema` and `grammar`.
 */
import { z } from 'zod';
import { maxConstraintCharacters } from '@potluck/protocol';
import type { GrammarText } from '@potluck/engine/constraint';
import { ecmaPattern, forEngine } from '../../models/grammars/ecmaPattern.ts';
import { gbnfToLark, isGbnf, signOfOtherNotation } from '../../models/grammars/gbnfToLark.ts';
import { ApiError } from '../apiError.ts';
import { tooMany, unsupportedParameter } from './readBody.ts';

const Schema = z.union([z.looseObject({}), z.boolean()], { error: 'must be a JSON Schema: an object' });
const JsonOrText = z.union([z.looseObject({}), z.boolean(), z.string()], {
  error: 'must be a JSON Schema, as an object or as text',
});
const maxChoices = 10_000;
const Choices = z.array(z.string()).min(1).max(maxChoices);

/** The fields that surfaces of OpenAI's kind take, as `wantedGrammar` reads them. */
export const grammarFields = {
  response_format: z
    .looseObject({
      type: z.string({ error: 'must be "text", "json_object" or "json_schema"' }),
      json_schema: z.looseObject({ schema: Schema.nullish(), strict: z.boolean().nullish() }).nullish(),
      schema: Schema.nullish(),
    })
    .optional(),
  guided_json: JsonOrText.optional(),
  guided_regex: z.string().optional(),
  guided_choice: Choices.optional(),
  guided_grammar: z.string().optional(),
  structured_outputs: z
    .looseObject({
      json: JsonOrText.nullish(),
      regex: z.string().nullish(),
      choice: Choices.nullish(),
      grammar: z.string().nullish(),
      json_object: z.boolean().nullish(),
    })
    .optional(),
  json_schema: JsonOrText.optional(),
  grammar: z.string().optional(),
};
export type GrammarFields = Partial<z.infer<z.ZodObject<typeof grammarFields>>>;

/** What an answer is to be held to. */
export interface WantedGrammar {
  grammar: GrammarText;
  /** The parameter that says so: where the schema is, in one. */
  param: string;
  /** Where it is one. */
  schema?: unknown;
}

/**
 * Reads all fields that ask for a grammar.
 * @returns undefined where none does
 * @throws ApiError 400 naming the field that is wrong, or where there are several
 */
export function wantedGrammar(fields: GrammarFields): WantedGrammar | undefined {
  const wanted = [
    fields.response_format && ofResponseFormat(fields.response_format),
    given(fields.guided_json) && jsonSchemaGrammar(fields.guided_json, 'guided_json'),
    given(fields.guided_regex) && regexGrammar(fields.guided_regex, 'guided_regex'),
    given(fields.guided_choice) && choiceGrammar(fields.guided_choice, 'guided_choice'),
    given(fields.guided_grammar) && textGrammar(fields.guided_grammar, 'guided_grammar'),
    fields.structured_outputs && ofStructuredOutputs(fields.structured_outputs),
    given(fields.json_schema) && jsonSchemaGrammar(fields.json_schema, 'json_schema'),
    given(fields.grammar) && fields.grammar !== '' && textGrammar(fields.grammar, 'grammar'),
  ].filter((one): one is WantedGrammar => typeof one === 'object');
  const [first, second] = wanted;
  if (first && second) {
    throw new ApiError(
      400,
      `'${first.param}' and '${second.param}' both say what the answer must be: set one.`,
      {
        param: second.param,
      },
    );
  }
  return first;
}

/** Any JSON object. @param param that asks for it */
export function jsonObjectGrammar(param: string): WantedGrammar {
  return jsonSchemaGrammar({ type: 'object' }, param);
}

/** @param schema as a value, or as text. @throws ApiError 400 */
export function jsonSchemaGrammar(schema: unknown, param: string): WantedGrammar {
  const value = typeof schema === 'string' ? parsed(schema, param) : schema;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject && value !== true && value !== false) {
    throw new ApiError(400, `'${param}': must be a JSON Schema, which is an object`, { param });
  }
  if (value === false) {
    throw new ApiError(400, `'${param}': the schema 'false' allows no answer`, { param });
  }
  checkDepth(value, param);
  const text = schemaText(value);
  if (text.length > maxConstraintCharacters) {
    throw tooMany(param, `${maxConstraintCharacters} characters of JSON`);
  }
  return { grammar: { kind: 'json-schema', text }, param, schema: value };
}

/** A schema as the engine takes it: values one behind the other, with a blank at most, so that no model loops in blanks. */
export function schemaText(schema: unknown): string {
  const { 'x-guidance': _, ...rest } = (schema === true ? {} : forEngine(schema)) as Record<string, unknown>;
  const style = { whitespace_flexible: false, item_separator: ', ?', key_separator: ': ?' };
  return JSON.stringify({ ...rest, 'x-guidance': style });
}

/** @throws ApiError 400 */
function regexGrammar(text: string, param: string): WantedGrammar {
  checkText(text, param);
  return { grammar: { kind: 'regex', text: ecmaPattern(text) }, param };
}

/** One of these texts. @throws ApiError 400 */
function choiceGrammar(choices: readonly string[], param: string): WantedGrammar {
  return regexGrammar(`(${choices.map(escaped).join('|')})`, param);
}

/** A grammar in GBNF, or in llguidance's Lark. @throws ApiError 400 saying where it is wrong */
function textGrammar(text: string, param: string): WantedGrammar {
  checkText(text, param);
  if (!isGbnf(text)) {
    const sign = signOfOtherNotation(text);
    if (sign === undefined) return { grammar: { kind: 'lark', text }, param };
    const message = `'${param}': Rules are written with '::=', such as root ::= "yes" | "no". The first one has '${sign}'.`;
    throw new ApiError(400, message, { param });
  }
  try {
    const lark = gbnfToLark(text);
    checkText(lark, param);
    return { grammar: { kind: 'lark', text: lark }, param };
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw new ApiError(400, `'${param}': ${(cause as Error).message}`, { param, cause });
  }
}

function ofResponseFormat(format: NonNullable<GrammarFields['response_format']>): WantedGrammar | undefined {
  switch (format.type) {
    case 'text':
      return undefined;
    case 'json_object':
      return format.schema
        ? jsonSchemaGrammar(format.schema, 'response_format.schema')
        : jsonObjectGrammar('response_format');
    case 'json_schema': {
      const schema = format.json_schema ? format.json_schema.schema : format.schema;
      if (given(schema)) {
        const param = format.json_schema ? 'response_format.json_schema.schema' : 'response_format.schema';
        return jsonSchemaGrammar(schema, param);
      }
      const param = 'response_format.json_schema.schema';
      throw new ApiError(400, `'${param}' is missing: it says what the answer must be`, { param });
    }
    default:
      throw unsupportedParameter('response_format', 'Take "text", "json_object" or "json_schema".');
  }
}

const structuredFields = ['json', 'regex', 'choice', 'grammar', 'json_object'];

function ofStructuredOutputs(
  given: NonNullable<GrammarFields['structured_outputs']>,
): WantedGrammar | undefined {
  const other = Object.entries(given).find(
    ([name, value]) => !structuredFields.includes(name) && value !== null && value !== false,
  );
  if (other) throw unsupportedParameter(`structured_outputs.${other[0]}`);
  const { json, regex, choice, grammar, json_object: anyObject } = given;
  const inner = wantedGrammar({
    ...(json === null || json === undefined ? {} : { guided_json: json }),
    ...(regex === null || regex === undefined ? {} : { guided_regex: regex }),
    ...(choice ? { guided_choice: choice } : {}),
    ...(grammar === null || grammar === undefined ? {} : { guided_grammar: grammar }),
    ...(anyObject ? { response_format: { type: 'json_object' } } : {}),
  });
  if (!inner) return undefined;
  const name = inner.param === 'response_format' ? 'json_object' : inner.param.replace('guided_', '');
  return { ...inner, param: `structured_outputs.${name}` };
}

function given<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function parsed(text: string, param: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError(400, `'${param}': is no JSON (${(cause as Error).message})`, { param, cause });
  }
}

/** Deeper ones are not what people write. */
const maxDepth = 64;

function checkDepth(value: unknown, param: string, depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth) throw tooMany(param, `${maxDepth} objects and lists within one another`);
  for (const one of Object.values(value)) checkDepth(one, param, depth + 1);
}

function checkText(text: string, param: string): void {
  if (text === '') throw new ApiError(400, `'${param}': is empty`, { param });
  if (text.length > maxConstraintCharacters) throw tooMany(param, `${maxConstraintCharacters} characters`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/#&~\-\s]/g, (sign) =>
    /\s/.test(sign) ? `\\x{${sign.charCodeAt(0).toString(16)}}` : `\\${sign}`,
  );
}
