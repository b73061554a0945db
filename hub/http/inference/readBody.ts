/** Reads the bodies that programs send: what is known is honoured or refused by its name, and what is unknown passes. */
import type { z } from 'zod';
import { ApiError } from '../apiError.ts';
import { hintParameters, unsupportedBeside } from './knownParameters.ts';

/**
 * Makes a reader of bodies of one schema. Null means absent.
 * @param schema with a field for each parameter that is honoured
 * @param look at the fields before the schema does, to refuse what would take it long
 * @returns a function that throws ApiError 400 with `param` naming what is wrong
 */
export function bodyReader<S extends z.ZodObject>(
  schema: S,
  look: (fields: Record<string, unknown>) => void = () => undefined,
): (value: unknown) => z.infer<S> {
  const unsupported = unsupportedBeside(Object.keys(schema.shape));
  const hints = Object.entries(hintParameters).filter(([name]) => !Object.hasOwn(schema.shape, name));
  const names = [...Object.keys(schema.shape), ...unsupported.keys(), ...hints.map(([name]) => name)];
  return function readBody(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ApiError(400, 'The body must be a JSON object.', { code: 'invalid_type' });
    }
    const given = knownFields(value as Record<string, unknown>, names);
    for (const [param, { asksForNothing, isNever, instead }] of unsupported) {
      if (!(param in given) || asksForNothing(given[param])) continue;
      throw unsupportedParameter(param, instead === undefined ? '' : `Take '${instead}'.`, isNever);
    }
    look(given);
    for (const [param, hint] of hints) if (param in given) readPart(hint, given[param], [param]);
    const parsed = schema.safeParse(given, { error: plainWords });
    if (!parsed.success) throw invalidParameter(parsed.error, value);
    return parsed.data;
  };
}

/**
 * Reads a part of a body.
 * @param path where it is in the body
 * @throws ApiError 400
 */
export function readPart<T>(schema: z.ZodType<T>, value: unknown, path: readonly PropertyKey[]): T {
  const parsed = schema.safeParse(value, { error: plainWords });
  if (!parsed.success) throw invalidParameter(parsed.error, undefined, path);
  return parsed.data;
}

/**
 * @param why it is not honoured, as a sentence
 * @param isNever true where no value of it would be
 */
export function unsupportedParameter(param: string, why = '', isNever = false): ApiError {
  const what = isNever ? `'${param}'` : `'${param}' with this value`;
  const message = `${what} is not supported by this hub.${why === '' ? '' : ` ${why}`}`;
  return new ApiError(400, message, { param, code: 'unsupported_parameter' });
}

/** @param most that is taken, such as `100 messages` */
export function tooMany(param: string, most: string): ApiError {
  return new ApiError(400, `'${param}': takes at most ${most}`, { param, code: 'invalid_value' });
}

/** The fields of a body that the hub knows. The schema takes seconds for a body of nothing but unknown ones. */
function knownFields(body: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names
      .filter((name) => Object.hasOwn(body, name) && body[name] !== null)
      .map((name) => [name, body[name]]),
  );
}

function invalidParameter(
  error: z.ZodError,
  body: object | undefined,
  within: readonly PropertyKey[] = [],
): ApiError {
  const [issue] = error.issues;
  const path = [...within, ...(issue?.path ?? [])];
  const param = parameterName(path);
  const absent = body === undefined ? '' : absence(body, path);
  return new ApiError(400, `'${param}'${absent}: ${issue?.message ?? 'is wrong'}`, {
    param,
    code: issue?.code === 'invalid_type' ? 'invalid_type' : 'invalid_value',
    cause: error,
  });
}

/** In place of the library's own words, where a schema has none. @returns undefined where those are plain enough */
function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'too_big':
      return `must be ${issue.exact ? 'exactly' : issue.inclusive === false ? 'less than' : 'at most'} ${amount(issue.maximum, issue.origin)}`;
    case 'too_small':
      return `must be ${issue.exact ? 'exactly' : issue.inclusive === false ? 'more than' : 'at least'} ${amount(issue.minimum, issue.origin)}`;
    case 'invalid_type':
      return `must be ${nouns[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((one) => (typeof one === 'string' ? `"${one}"` : String(one))).join(' or ')}`;
    case 'invalid_format':
    case 'unrecognized_keys':
    case 'not_multiple_of':
      return undefined;
    default:
      return 'is of a wrong kind';
  }
}

const nouns: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a JSON object',
  record: 'a JSON object',
};

function amount(limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${limit} characters long`;
  return origin === 'array' ? `${limit} entries long` : String(limit);
}

/** A place in a body, such as `messages[0].content`. */
export function parameterName(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (names, part) =>
      typeof part === 'number'
        ? `${names}[${part}]`
        : names === ''
          ? String(part)
          : `${names}.${String(part)}`,
    '',
  );
}

/** Null reads as absent; who wrote null is told so. */
function absence(body: object, path: readonly PropertyKey[]): string {
  const [name] = path;
  if (path.length !== 1 || typeof name !== 'string') return '';
  const value = Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined;
  return value === null ? ' is null' : value === undefined ? ' is missing' : '';
}
