/**
 * A model's own description of its answers: `response_template` of tokenizer_config.json, Hugging Face's specification 1
 * (docs/source/en/chat_response_parsing.md of transformers 5.18). It names fields, such as thinking and tool_calls, with
 * what opens and closes each in the text, and how the text between is read.
 */
import { z } from 'zod';
import { compilePattern } from './boundedMatch.ts';

const maxLiteralCharacters = 200;
const maxPatternCharacters = 1000;
const maxFields = 32;
const maxArgumentCharacters = 16_384;

const Literal = z.string().min(1).max(maxLiteralCharacters);
const Literals = z.union([Literal, z.array(Literal).min(1).max(32)]).transform((value) => [value].flat());
const Pattern = z.string().min(1).max(maxPatternCharacters).refine(isPattern);
const Arguments = z
  .record(z.string(), z.unknown())
  .refine((value) => JSON.stringify(value).length <= maxArgumentCharacters);

const Field = z
  .looseObject({
    open: Literals.optional(),
    open_pattern: Pattern.optional(),
    close: Literals.optional(),
    close_pattern: Pattern.optional(),
    repeats: z.boolean().default(false),
    content: z.enum(['text', 'json', 'xml-inline', 'kv-lines', 'int', 'float', 'bool']).default('text'),
    content_args: Arguments.default({}),
    transform: z.unknown().optional(),
    transform_each: z.boolean().default(false),
  })
  .refine((field) => !(field.open && field.open_pattern) && !(field.close && field.close_pattern))
  // What may begin is held back by the letters with which a pattern begins; without any, all would be held back.
  .refine((field) =>
    [field.open_pattern, field.close_pattern].every((one) => one === undefined || literalStart(one)),
  );
export type TemplateField = z.infer<typeof Field>;

export const ResponseTemplate = z
  .looseObject({
    start_anchor: Literals.optional(),
    start_anchor_pattern: Pattern.optional(),
    fields: z.record(z.string().max(100), Field),
  })
  .refine(({ fields }) => {
    const all = Object.values(fields);
    return all.length > 0 && all.length <= maxFields && all.filter(isImplicit).length <= 1;
  });
export type ResponseTemplate = z.infer<typeof ResponseTemplate>;

function isPattern(source: string): boolean {
  try {
    compilePattern(source);
    return true;
  } catch {
    return false;
  }
}

/** Names of fields for what a model thinks. */
export const thoughtFields: readonly string[] = ['thinking', 'reasoning', 'reasoning_content'];

/** True for the field that has whatever stands outside of all others. */
export function isImplicit({ open, open_pattern: pattern }: TemplateField): boolean {
  return open === undefined && pattern === undefined;
}

/** @returns undefined where the model has none, or one that this hub does not follow */
export function readResponseTemplate(value: unknown): ResponseTemplate | undefined {
  const { data } = ResponseTemplate.safeParse(value);
  return data;
}

/** The letters that whatever the pattern fits begins with; empty where none are sure. */
export function literalStart(pattern: string): string {
  let start = '';
  for (const [whole, escaped, plain] of pattern.matchAll(/\\([^\w\s])|([^\\^$.*+?()[\]{}|])|./gsu)) {
    const letter = escaped ?? plain;
    if (letter === undefined) {
      // What may be left out, or come often, is not sure.
      if (/^[*?{]$/.test(whole)) start = start.slice(0, -1);
      if (whole === '|') return '';
      break;
    }
    start += letter;
  }
  return hasAlternatives(pattern) ? '' : start;
}

/** True for a pattern with alternatives outside of all brackets. */
function hasAlternatives(pattern: string): boolean {
  let depth = 0;
  for (const [sign] of pattern.matchAll(/\\.|\[(?:\\.|[^\]])*\]|./gsu)) {
    if (sign === '(') depth++;
    else if (sign === ')') depth--;
    else if (sign === '|' && depth === 0) return true;
  }
  return false;
}

/** What in a template may be the text of a special token: a reader must see those. */
export function marksOfTemplate({ fields, start_anchor: anchor = [] }: ResponseTemplate): Set<string> {
  const texts = Object.values(fields).flatMap((field) => [
    ...(field.open ?? []),
    ...(field.close ?? []),
    ...[field.open_pattern, field.close_pattern].map((one) => (one ?? '').replaceAll(/\\([^\w\s])/g, '$1')),
  ]);
  const marks = [...texts, ...anchor].flatMap((text) => [
    text,
    ...(text.match(/<\|[^|<>]{1,100}\|>|<[^<>\s]{1,100}>|\[[^[\]\s]{1,100}\]/g) ?? []),
  ]);
  return new Set(marks);
}
