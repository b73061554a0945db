/**
 * Tools of `/v1/responses`. A function is the program's own; a custom tool is a function with one text; a namespace is
 * several functions. Tools that OpenAI runs itself, and inputs that follow a grammar, this hub does not have: agents
 * such as Codex always offer some beside their own functions, so there they are left out, and the answer's `tools` and a
 * header say so. Where they are all that is asked for, they are refused by name.
 */
import { z } from 'zod';
import { ApiError } from '../../apiError.ts';
import { parameterName, readPart, tooMany, unsupportedParameter } from '../../inference/readBody.ts';

const maxTools = 128;
const Name = z
  .string()
  .regex(/^[\w.-]{1,128}$/, 'takes letters, digits, dots, dashes and underscores, at most 128');
const FunctionTool = z.looseObject({
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
  format: z.looseObject({ type: z.string() }).nullish(),
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

/** What the model may call. */
export interface OfferedTools {
  /** As chat templates take them; their names are the keys of `byName`. */
  functions: { type: 'function'; function: Record<string, unknown> }[];
  byName: Map<string, CallableTool>;
  /** As the response tells them. */
  told: Record<string, unknown>[];
  /** Types of those that were left out. */
  leftOut: string[];
}

const needsConstraint =
  'It needs answers that are held to a grammar while they are drawn, which this hub does not do yet.';

/** @throws ApiError 400 where tools are asked for in a way that this hub does not do */
export function offeredTools({ tools = [], tool_choice: choice }: ResponseToolFields): OfferedTools {
  const offered: OfferedTools = { functions: [], byName: new Map(), told: [], leftOut: [] };
  for (const [index, tool] of tools.entries()) addTool(offered, tool, ['tools', index]);
  const [first] = offered.leftOut;
  if (first !== undefined && offered.functions.length === 0) {
    const index = tools.findIndex(({ type }) => type === first);
    throw unsupportedParameter(
      `tools[${index}].type`,
      `This hub runs no tools of its own ('${first}'), and no inputs that follow a grammar. Give functions.`,
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
      const { name, description, parameters, strict } = readPart(FunctionTool, tool, path);
      if (strict) throw unsupportedParameter(`${parameterName(path)}.strict`, needsConstraint);
      const told = {
        type: 'function',
        name,
        description: description ?? null,
        parameters: parameters ?? null,
      };
      const called = { name: calledName(name, namespace), ...(description ? { description } : {}) };
      const shown = { ...called, parameters: parameters ?? { type: 'object', properties: {} } };
      add(
        offered,
        shown,
        { kind: 'function', name, ...(namespace === undefined ? {} : { namespace }) },
        path,
      );
      if (namespace === undefined) offered.told.push({ ...tool, ...told, strict: false });
      return;
    }
    case 'custom': {
      const { name, description, format } = readPart(CustomTool, tool, path);
      if (format && format.type !== 'text') break;
      const called = { name: calledName(name, namespace), ...(description ? { description } : {}) };
      const shown = { ...called, parameters: customParameters };
      add(offered, shown, { kind: 'custom', name, ...(namespace === undefined ? {} : { namespace }) }, path);
      if (namespace === undefined) offered.told.push({ ...tool, format: { type: 'text' } });
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

const customParameters = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The text that the tool is given' } },
  required: ['input'],
};

function add(
  { functions, byName }: OfferedTools,
  shown: Record<string, unknown> & { name: string },
  tool: CallableTool,
  path: PropertyKey[],
): void {
  if (byName.size >= maxTools) throw tooMany('tools', `${maxTools} tools`);
  if (byName.has(shown.name)) {
    const param = `${parameterName(path)}.name`;
    throw new ApiError(400, `'${param}': there is another tool with the name '${shown.name}'`, { param });
  }
  byName.set(shown.name, tool);
  functions.push({ type: 'function', function: shown });
}

/** Of the offered tools those that may be called. */
function chosen(offered: OfferedTools, choice: ResponseToolFields['tool_choice']): OfferedTools {
  if (choice === undefined || choice === 'auto') return offered;
  if (choice === 'none') return { ...offered, functions: [] };
  if (typeof choice !== 'string') {
    const { type, mode, tools } = choice as { type?: unknown; mode?: unknown; tools?: unknown };
    if (type === 'allowed_tools' && mode === 'auto' && Array.isArray(tools)) {
      const names = new Set(tools.map((tool) => (tool as { name?: unknown } | null)?.name));
      const allowed = ({ function: { name } }: OfferedTools['functions'][number]): boolean =>
        names.has(offered.byName.get(name as string)?.name);
      return { ...offered, functions: offered.functions.filter(allowed) };
    }
  }
  throw unsupportedParameter('tool_choice', `Take "auto", "none" or allowed tools. ${needsConstraint}`);
}
