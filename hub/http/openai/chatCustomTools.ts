/** Custom tools of chat, as functions with one text, which is what models know; and their calls. */
import { z } from 'zod';
import {
  customInput,
  InputGrammar,
  inputParameters,
  toolInput,
  type ToolInput,
} from '../inference/customTools.ts';
import { readPart } from '../inference/readBody.ts';
import { FunctionTool, ToolName, type ToolFields } from '../inference/tools.ts';

type Tools = NonNullable<ToolFields['tools']>;

const CustomTool = z.looseObject({
  type: z.literal('custom'),
  custom: z.looseObject({
    name: ToolName,
    description: z.string().nullish(),
    format: z
      .looseObject({
        type: z.enum(['text', 'grammar'], { error: 'must be "text" or "grammar"' }),
        grammar: InputGrammar.nullish(),
      })
      .nullish(),
  }),
});
const Named = z.looseObject({ type: z.literal('custom'), custom: z.looseObject({ name: z.string() }) });

/** A call of a custom tool in a history. */
export const CustomCall = z.looseObject({ name: z.string(), input: z.string().nullish() });

/** The tools of a request as functions. */
export interface ReadTools {
  tools: Tools;
  /** Names of those that are custom tools; undefined where none is. */
  customTools?: ReadonlySet<string>;
  /** What their texts are held to. */
  toolInputs?: ReadonlyMap<string, ToolInput>;
}

/** @throws ApiError 400 naming what is wrong */
export function readTools(tools: readonly { type: unknown }[]): ReadTools {
  const customTools = new Set<string>();
  const toolInputs = new Map<string, ToolInput>();
  const functions = tools.map((tool, index): Tools[number] => {
    const path = ['tools', index];
    if (tool.type !== 'custom') return readPart(FunctionTool, tool, path);
    const { name, description, format } = readPart(CustomTool, tool, path).custom;
    const at = [...path, 'custom', 'format', 'grammar'];
    const grammar = format?.type === 'grammar' ? readPart(InputGrammar, format.grammar, at) : undefined;
    customTools.add(name);
    if (grammar) toolInputs.set(name, toolInput(grammar, at));
    const described = description ? { description } : {};
    return { type: 'function', function: { name, ...described, parameters: inputParameters(grammar) } };
  });
  return { tools: functions, ...(customTools.size > 0 ? { customTools, toolInputs } : {}) };
}

/** A choice among tools with custom ones as the functions that they are here. */
export function asFunctions(choice: ToolFields['tool_choice']): ToolFields['tool_choice'] {
  if (typeof choice !== 'object' || choice['type'] !== 'allowed_tools') return asFunction(choice);
  const allowed = choice['allowed_tools'] as { tools?: unknown } | undefined;
  if (!Array.isArray(allowed?.tools)) return choice;
  return { ...choice, allowed_tools: { ...allowed, tools: allowed.tools.map(asFunction) } };
}

function asFunction<T>(one: T): T | { type: 'function'; function: { name: string } } {
  const named = Named.safeParse(one).data;
  return named ? { type: 'function', function: { name: named.custom.name } } : one;
}

/** A call of a custom tool as clients are told of it. */
export function customCall(id: string, name: string, given: string) {
  return { id, type: 'custom' as const, custom: { name, input: customInput(given) } };
}
