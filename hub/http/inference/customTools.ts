/** Custom tools of OpenAI's APIs: functions with one text, which may follow a grammar. */
import { z } from 'zod';
import { larkInJson, regexInJson } from '../../models/grammars/larkInJson.ts';
import { PatternInJsonError } from '../../models/grammars/patternInJson.ts';
import { ApiError } from '../apiError.ts';
import { parameterName } from './readBody.ts';

/** Longest grammar, in characters. */
const mostCharacters = 8 * 1024;

/** What a tool's text follows. */
export const InputGrammar = z.looseObject({
  syntax: z.enum(['lark', 'regex'], { error: 'must be "lark" or "regex"' }),
  definition: z.string({ error: 'must be the grammar, a text' }).min(1).max(mostCharacters),
});
export type InputGrammar = z.infer<typeof InputGrammar>;

/** What a custom tool's text is held to. */
export interface ToolInput {
  /** In Lark, for the text between the quotes of a JSON string. */
  lark: string;
  /** Where the request says so. */
  param: string;
}

/** @param path of the grammar in the body @throws ApiError 400 where it can't be followed inside JSON */
export function toolInput({ syntax, definition }: InputGrammar, path: PropertyKey[]): ToolInput {
  const param = parameterName([...path, 'definition']);
  try {
    return { lark: syntax === 'lark' ? larkInJson(definition) : regexInJson(definition), param };
  } catch (cause) {
    if (!(cause instanceof PatternInJsonError)) throw cause;
    throw new ApiError(400, `'${param}': ${cause.message}`, { param, cause });
  }
}

/** The parameters of a custom tool as the model sees them. */
export function inputParameters(grammar?: InputGrammar): Record<string, unknown> {
  const follows = grammar
    ? `. It follows this ${grammar.syntax === 'lark' ? 'Lark grammar' : 'regular expression'}:\n${grammar.definition}`
    : '';
  return {
    type: 'object',
    properties: { input: { type: 'string', description: `The text that the tool is given${follows}` } },
    required: ['input'],
  };
}

/** The one text of a custom tool; where the model wrote something else, all of it. */
export function customInput(given: string): string {
  try {
    const { input } = JSON.parse(given) as { input?: unknown };
    return typeof input === 'string' ? input : given;
  } catch {
    return given;
  }
}
