/** Reads calls of tools as models write them. */
import type { CallNotation } from '../../models/responseFormat.ts';

export interface ReadCall {
  name: string;
  /** JSON. */
  arguments: string;
}

/** @returns the calls; undefined where the text is no call, or more than calls */
export function readCalls(text: string, notation: CallNotation): ReadCall[] | undefined {
  const trimmed = text.trim();
  if (notation === 'xml' && trimmed.startsWith('<')) return readXml(trimmed);
  if (notation === 'mistral' && !/^[[{]/.test(trimmed)) return readNamed(trimmed);
  return readJson(trimmed);
}

function readJson(text: string): ReadCall[] | undefined {
  // Llama parts several calls by semicolons, others write a list, Mistral may follow one list by another.
  const values = jsonValues(text);
  if (!values || values.length === 0) return undefined;
  const calls = values.flat().map(toCall);
  return calls.length > 0 && calls.every((call) => call !== undefined) ? calls : undefined;
}

function toCall(value: unknown): ReadCall | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Record<string, unknown>;
  const { name } = record;
  if (typeof name !== 'string' || name === '') return undefined;
  const given = record['arguments'] ?? record['parameters'] ?? {};
  // Some models write the arguments as a string of JSON, as OpenAI's API does.
  const parsed = typeof given === 'string' ? parsedOr(given, given) : given;
  return { name, arguments: JSON.stringify(parsed) };
}

/** Values one after the other, parted by blanks, commas or semicolons. */
function jsonValues(text: string): unknown[] | undefined {
  const whole = parsedOr(text, undefined);
  if (whole !== undefined) return [whole];
  const values: unknown[] = [];
  let start = 0;
  let depth = 0;
  let isString = false;
  for (let index = 0; index < text.length; index++) {
    const sign = text[index];
    if (isString) {
      if (sign === '\\') index++;
      else if (sign === '"') isString = false;
    } else if (sign === '"') isString = true;
    else if (sign === '{' || sign === '[') {
      if (depth++ === 0) {
        if (!/^[\s,;]*$/.test(text.slice(start, index))) return undefined;
        start = index;
      }
    } else if ((sign === '}' || sign === ']') && --depth === 0) {
      const value = parsedOr(text.slice(start, index + 1), undefined);
      if (value === undefined) return undefined;
      values.push(value);
      start = index + 1;
    }
  }
  return depth === 0 && /^[\s,;]*$/.test(text.slice(start)) ? values : undefined;
}

/** `name[ARGS]{…}`, several of them parted by the mark that opens calls. */
function readNamed(text: string): ReadCall[] | undefined {
  const calls = text.split('[TOOL_CALLS]').map((one): ReadCall | undefined => {
    const start = one.search(/\[ARGS\]|\[CALL_ID\]|\{/);
    const name = one.slice(0, Math.max(0, start)).trim();
    const value = parsedOr(one.slice(one.indexOf('{', start)), undefined);
    if (start < 0 || !/^[\w.-]+$/.test(name) || typeof value !== 'object') return undefined;
    return { name, arguments: JSON.stringify(value) };
  });
  return calls.every((call) => call !== undefined) ? calls : undefined;
}

function readXml(text: string): ReadCall[] | undefined {
  const calls: ReadCall[] = [];
  const rest = text.replaceAll(
    /<function=([^>\n]+)>(.*?)(?:<\/function>|$)/gs,
    (_, name: string, body: string) => {
      const given: [string, unknown][] = [];
      for (const [, key = '', value = ''] of body.matchAll(
        /<parameter=([^>\n]+)>\n?(.*?)\n?(?:<\/parameter>|(?=<parameter=)|$)/gs,
      )) {
        given.push([key.trim(), parsedOr(value, value)]);
      }
      calls.push({ name: name.trim(), arguments: JSON.stringify(Object.fromEntries(given)) });
      return '';
    },
  );
  return calls.length > 0 && rest.trim() === '' ? calls : undefined;
}

function parsedOr<T>(text: string, otherwise: T): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}
