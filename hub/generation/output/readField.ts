/** Reads the text of a field as its template says, and gives it its shape. */
import type { TemplateField } from '../../models/responseTemplate.ts';
import { boundedMatch, compilePattern } from '../../models/boundedMatch.ts';
import type { ReadCall } from './readCalls.ts';

type Parser = TemplateField['content'];
type Arguments = Record<string, unknown>;

/** Entries of one region; a model that writes more writes no call. */
const maxEntries = 1000;

/**
 * @param captures what the patterns around it named
 * @returns the calls; undefined where the text is none
 */
export function readCallsOf(
  field: TemplateField,
  text: string,
  captures: Record<string, string>,
): ReadCall[] | undefined {
  try {
    const content = parse(field.content, text, field.content_args);
    const shaped = shape(field, content, captures);
    const calls = [shaped].flat().map(toCall);
    return calls.length > 0 && calls.every((call) => call !== undefined) ? calls : undefined;
  } catch {
    return undefined;
  }
}

function shape(field: TemplateField, content: unknown, captures: Record<string, string>): unknown {
  const { transform, transform_each: each } = field;
  if (transform === undefined || transform === null) return content;
  if (!each) return fill(transform, { ...captures, content });
  if (!Array.isArray(content)) throw new Error('the content is no list');
  return content.map((one: unknown) =>
    fill(transform, { ...captures, ...(typeof one === 'object' && one !== null ? one : {}), content: one }),
  );
}

/** A text that is nothing but a name in braces stands for the value. */
function fill(template: unknown, values: Record<string, unknown>): unknown {
  if (typeof template === 'string') {
    const name = /^\{(\w+)\}$/.exec(template)?.[1];
    return name !== undefined && Object.hasOwn(values, name) ? values[name] : template;
  }
  if (Array.isArray(template)) return template.map((one) => fill(one, values));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, one]) => [name, fill(one, values)]));
}

function toCall(value: unknown): ReadCall | undefined {
  const outer = value as { function?: unknown; name?: unknown } | null;
  const called = (typeof outer === 'object' && outer?.function) || outer;
  if (typeof called !== 'object' || called === null) return undefined;
  const { name, arguments: given = {} } = called as { name?: unknown; arguments?: unknown };
  if (typeof name !== 'string' || name === '') return undefined;
  return { name, arguments: typeof given === 'string' ? given : JSON.stringify(given) };
}

function parse(parser: Parser, text: string, given: Arguments): unknown {
  const trimmed = text.trim();
  switch (parser) {
    case 'text':
      return given['strip'] === false ? text : trimmed;
    case 'int':
      return wholeNumber(trimmed);
    case 'float':
      return finiteNumber(trimmed);
    case 'bool':
      return /^(true|1|yes)$/i.test(trimmed);
    case 'json':
      return parseJson(trimmed, given);
    case 'xml-inline':
      return parseTags(text, given);
    case 'kv-lines':
      return parseLines(text, given);
  }
}

function wholeNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error('no whole number');
  return Number(text);
}

function finiteNumber(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw new Error('no number');
  return value;
}

/** With the liberties that some models take. */
function parseJson(text: string, given: Arguments): unknown {
  const delimiters = (given['string_delims'] ?? []) as [string, string][];
  const quoted = delimiters.reduce((all, [open, close]) => quote(all, open, close), text);
  const named =
    given['unquoted_keys'] === true
      ? quoted.replaceAll(
          /("(?:[^"\\]|\\.)*")|([{,]\s*)([\p{L}_$][\w$-]*)(?=\s*:)/gu,
          (whole, string, before, name) =>
            string === undefined ? `${String(before)}"${String(name)}"` : String(whole),
        )
      : quoted;
  try {
    return JSON.parse(named);
  } catch (error) {
    if (given['allow_non_json'] === true) return text;
    throw error;
  }
}

/** Texts between marks of the model's own, as JSON has them. */
function quote(text: string, open: string, close: string): string {
  if (!open || !close) return text;
  let result = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf(open, at);
    const end = start < 0 ? -1 : text.indexOf(close, start + open.length);
    if (end < 0) return result + text.slice(at);
    result += text.slice(at, start) + JSON.stringify(text.slice(start + open.length, end));
    at = end + close.length;
  }
}

function nested(value: string, given: Arguments): unknown {
  const parser = given['value_parser'] as { name?: Parser; args?: Arguments } | undefined;
  return parser?.name ? parse(parser.name, value, parser.args ?? {}) : value;
}

function parseTags(text: string, given: Arguments): Record<string, unknown> {
  const pattern = compilePattern(String(given['tag_pattern']));
  const result = new Map<string, unknown>();
  let rest = text;
  for (let count = 0; count < maxEntries; count++) {
    const found = boundedMatch(pattern, rest);
    if (!found || found[0] === '') break;
    const { key = '', value = '' } = found.groups ?? {};
    const read = nested(value, given);
    const earlier = result.get(key);
    const merges = given['merge_duplicates'] === true && result.has(key);
    result.set(key, merges ? [earlier, read].flat() : read);
    rest = rest.slice(found.index + found[0].length);
  }
  return Object.fromEntries(result);
}

function parseLines(text: string, given: Arguments): Record<string, unknown> {
  const { line_sep: line = '\n', kv_sep: between = ':', strip = true } = given;
  const trim = (one: string): string => (strip === false ? one : one.trim());
  return Object.fromEntries(
    text
      .split(String(line))
      .slice(0, maxEntries)
      .flatMap((one) => {
        const index = one.indexOf(String(between));
        if (index < 0) return [];
        return [[trim(one.slice(0, index)), nested(trim(one.slice(index + String(between).length)), given)]];
      }),
  );
}
