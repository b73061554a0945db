/**
 * Tools of `/v1/responses`. A function is the program's own; a custom tool is a function with one text; a namespace is
 * several functions. Tools that OpenAI runs itself this hub does not have: agents such as Codex always offer some beside
 * their own functions, so there they are left out, and the answer's `tools` and a header say so. Where they are all that
 * is asked for, they are refused by name.
 */
import { z } from 'zod';
import { ApiError } from '../../apiError.ts';
import type { ToolChoice } from '../../inference/heldTo.ts';
import { renamed } from '../../inference/namingParam.ts';
import { InputGrammar, inputParameters, toolInput, type ToolInput } from '../../inference/customTools.ts';
import { parameterName, readPart, tooMany, unsupportedParameter } from '../../inference/readBody.ts';
import { maxTools, type ToolFields } from '../../inference/tools.ts';

const Name = z
  .string()
  .regex(/^[\w.-]{1,128}$/, 'takes letters, digits, dots, dashes and underscores, at most 128');
const Function = z.looseObject({
  type: z.literal('function'),
  name: Name,
  description: z.string().nullish(),
  parameters: z.looseObject({}).nullish(),
  strict: z.boolean().nullish(),
});
const CustomTool = z.looseObject({
  type: z.literal('custom'),
  name: Name,
  description: z.string().nullish(),
  format: z
    .looseObject({ type: z.string(), syntax: z.unknown(), definition: z.unknown() })
    .partial({ syntax: true, definition: true })
    .nullish(),
});
const Namespace = z.looseObject({
  type: z.literal('namespace'),
  name: Name,
  description: z.string().nullish(),
  tools: z.array(z.unknown()).max(maxTools),
});

export const responseToolFields = {
  tools: z
    .array(z.looseObject({ type: z.string() }))
    .max(maxTools)
    .optional(),
  tool_choice: z.union([z.string(), z.looseObject({})]).optional(),
  parallel_tool_calls: z.boolean().optional(),
};
export type ResponseToolFields = z.infer<z.ZodObject<typeof responseToolFields>>;

/** A tool as the model knows it, and as its calls are written. */
export interface CallableTool {
  kind: 'function' | 'custom';
  name: string;
  namespace?: string;
}

/** As chat templates take it. */
export type FunctionTool = NonNullable<ToolFields['tools']>[number];

/** What the model may call. */
export interface OfferedTools {
  /** Those that are shown to the model; their names are the keys of `byName`. */
  functions: FunctionTool[];
  byName: Map<string, CallableTool>;
  /** What the texts of custom tools are held to, by the same names. */
  inputs: Map<string, ToolInput>;
  /** Where the request says of each, such as `tools[0]`. */
  params: Map<string, string>;
  /** As the response tells them. */
  told: Record<string, unknown>[];
  /** Types of those that were left out. */
  leftOut: string[];
  /** Which of them the answer calls. */
  choice: ToolChoice;
}

/** @throws ApiError 400 where tools are asked for in a way that this hub does not do */
export function offeredTools({ tools = [], tool_choice: choice }: ResponseToolFields): OfferedTools {
  const offered: OfferedTools = {
    functions: [],
    byName: new Map(),
    inputs: new Map(),
    params: new Map(),
    told: [],
    leftOut: [],
    choice: 'auto',
  };
  for (const [index, tool] of tools.entries()) addTool(offered, tool, ['tools', index]);
  const [first] = offered.leftOut;
  if (first !== undefined && offered.functions.length === 0) {
    const index = tools.findIndex(({ type }) => type === first);
    throw unsupportedParameter(
      `tools[${index}].type`,
      `This hub runs no tools of its own ('${first}'). Give functions.`,
    );
  }
  return chosen(offered, choice);
}

/** The name by which the model calls a tool. */
export function calledName(name: string, namespace?: string | null): string {
  return namespace === undefined || namespace === null ? name : `${namespace}.${name}`;
}

function addTool(
  offered: OfferedTools,
  tool: { type: string },
  path: PropertyKey[],
  namespace?: string,
): void {
  switch (tool.type) {
    case 'function': {
      const { name, description, parameters, strict } = readPart(Function, tool, path);
      const told = {
        type: 'function',
        name,
        description: description ?? null,
        parameters: parameters ?? null,
      };
      const called = { name: calledName(name, namespace), ...(description ? { description } : {}) };
      const shown = {
        ...called,
        parameters: parameters ?? { type: 'object', properties: {} },
        ...(strict ? { strict } : {}),
      };
      add(
        offered,
        shown,
        { kind: 'function', name, ...(namespace === undefined ? {} : { namespace }) },
        path,
      );
      if (namespace === undefined) offered.told.push({ ...tool, ...told, strict: strict ?? false });
      return;
    }
    case 'custom': {
      const { name, description, format } = readPart(CustomTool, tool, path);
      const grammar =
        format?.type === 'grammar' ? readPart(InputGrammar, format, [...path, 'format']) : undefined;
      if (format && !grammar && format.type !== 'text') break;
      const called = { name: calledName(name, namespace), ...(description ? { description } : {}) };
      const shown = { ...called, parameters: inputParameters(grammar) };
      if (grammar) offered.inputs.set(shown.name, toolInput(grammar, [...path, 'format']));
      add(offered, shown, { kind: 'custom', name, ...(namespace === undefined ? {} : { namespace }) }, path);
      if (namespace === undefined) offered.told.push({ ...tool, format: format ?? { type: 'text' } });
      return;
    }
    case 'namespace': {
      if (namespace !== undefined) break;
      const { name, tools } = readPart(Namespace, tool, path);
      const before = offered.functions.length;
      for (const [index, one] of tools.entries()) {
        const inner = readPart(z.looseObject({ type: z.string() }), one, [...path, 'tools', index]);
        addTool(offered, inner, [...path, 'tools', index], name);
      }
      if (offered.functions.length > before) offered.told.push(tool);
      return;
    }
  }
  offered.leftOut.push(tool.type);
}

function add(
  { functions, byName, params }: OfferedTools,
  shown: FunctionTool['function'],
  tool: CallableTool,
  path: PropertyKey[],
): void {
  if (byName.size >= maxTools) throw tooMany('tools', `${maxTools} tools`);
  if (byName.has(shown.name)) {
    const param = `${parameterName(path)}.name`;
    throw new ApiError(400, `'${param}': there is another tool with the name '${shown.name}'`, { param });
  }
  byName.set(shown.name, tool);
  params.set(shown.name, parameterName(path));
  functions.push({ type: 'function', function: shown });
}

const Named = z.looseObject({
  type: z.enum(['function', 'custom']),
  name: z.string(),
  namespace: z.string().nullish(),
});
const Allowed = z.looseObject({
  type: z.literal('allowed_tools'),
  mode: z.enum(['auto', 'required']),
  tools: z
    .array(z.looseObject({ name: z.string().nullish(), namespace: z.string().nullish() }))
    .max(maxTools),
});

/**
 * Of the offered tools those that may be called, and which of them are.
 * @throws ApiError 400 where that is asked for in another way, or nothing that is offered is named
 */
function chosen(offered: OfferedTools, choice: ResponseToolFields['tool_choice']): OfferedTools {
  if (choice === undefined || choice === 'auto') return offered;
  if (choice === 'none') return { ...offered, functions: [] };
  const param = 'tool_choice';
  if (offered.functions.length === 0) {
    throw new ApiError(400, `'${param}' needs 'tools', of which one is called.`, { param });
  }
  if (choice === 'required') return { ...offered, choice };
  const named = Named.safeParse(choice).data;
  if (named) {
    const name = calledName(named.name, named.namespace);
    if (offered.byName.has(name)) return { ...offered, choice: { name } };
    throw new ApiError(400, `'${param}' names '${name}', which is none of 'tools'.`, { param });
  }
  const allowed = Allowed.safeParse(choice).data;
  if (!allowed) {
    throw unsupportedParameter(
      param,
      'Take "auto", "none", "required", one of your functions, or allowed tools.',
    );
  }
  const names = new Set(allowed.tools.map(({ name, namespace }) => calledName(name ?? '', namespace)));
  const functions = offered.functions.filter(({ function: { name } }) => names.has(name));
  if (functions.length === 0) {
    throw new ApiError(400, `'${param}' allows none of 'tools'.`, { param });
  }
  return { ...offered, functions, choice: allowed.mode };
}

/** An error of a function by the name that this API has for its place. */
export function namedHere(error: unknown, { functions, params }: OfferedTools): unknown {
  if (!(error instanceof ApiError)) return error;
  const [start, index] = /^tools\[(\d+)\]\.function/.exec(error.param ?? '') ?? [];
  const param = params.get(functions[Number(index)]?.function.name ?? '');
  if (start === undefined || param === undefined) return error;
  return renamed(error, start, param);
}
