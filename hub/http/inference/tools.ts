/** Tools in a request, as OpenAI's API has them. */
import { z } from 'zod';
import type { Model } from '../../models/model.ts';
import { takesTools } from '../../models/responseFormat.ts';
import { ApiError } from '../apiError.ts';
import type { ToolChoice } from './heldTo.ts';
import { unsupportedParameter } from './readBody.ts';

/** As many as OpenAI takes. */
export const maxTools = 128;

export const ToolName = z
  .string()
  .regex(/^[\w.-]{1,128}$/, 'takes letters, digits, dots, dashes and underscores');

export const FunctionTool = z.looseObject({
  type: z.literal('function', { error: 'must be "function"; this hub runs no tools of its own' }),
  function: z.looseObject({
    name: ToolName,
    description: z.string().nullish(),
    parameters: z.looseObject({}).nullish(),
    strict: z.boolean().nullish(),
  }),
});

export const toolFields = {
  tools: z.array(FunctionTool).max(maxTools).optional(),
  tool_choice: z.union([z.string(), z.looseObject({})]).optional(),
  parallel_tool_calls: z.boolean().optional(),
};

export type ToolFields = z.infer<z.ZodObject<typeof toolFields>>;

const NamedChoice = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({ name: z.string() }),
});

/** Some of the tools, of which one may be called or must be. */
const AllowedChoice = z.looseObject({
  type: z.literal('allowed_tools'),
  allowed_tools: z.looseObject({
    mode: z.enum(['auto', 'required']),
    tools: z
      .array(z.looseObject({ function: z.looseObject({ name: z.string() }) }))
      .min(1)
      .max(maxTools),
  }),
});

/**
 * Which tools the answer calls.
 * @throws ApiError 400 where that is asked for in a way that this hub does not do, or names no tool
 */
export function toolChoiceOf({ tools, tool_choice: choice }: ToolFields): ToolChoice {
  if (choice === undefined || choice === 'none' || choice === 'auto') return 'auto';
  const named = typeof choice === 'string' ? undefined : NamedChoice.safeParse(choice).data;
  const allowed = AllowedChoice.safeParse(choice).data?.allowed_tools;
  if (choice !== 'required' && !named && !allowed) {
    throw unsupportedParameter(
      'tool_choice',
      'Take "auto", "none", "required", {"type": "function", "function": {"name": …}} or {"type": "allowed_tools", …}.',
    );
  }
  if (!tools || tools.length === 0) {
    throw new ApiError(400, "'tool_choice' needs 'tools', of which one is called.", { param: 'tool_choice' });
  }
  const names = new Set(tools.map((tool) => tool.function.name));
  for (const one of named ? [named] : (allowed?.tools ?? [])) {
    const { name } = one.function;
    if (names.has(name)) continue;
    throw new ApiError(400, `'tool_choice' names '${name}', which is none of 'tools'.`, {
      param: 'tool_choice',
    });
  }
  return named ? { name: named.function.name } : (allowed?.mode ?? 'required');
}

/** Calls that an answer may have where calls are required, and several are asked for. */
const mostRequiredCalls = 16;

/**
 * How many calls an answer has at most; undefined for as many as the model likes. Where a call is required, small models
 * repeat it without an end, so there is one.
 * @param parallel what the request says about several calls, if anything
 */
export function mostCallsOf(choice: ToolChoice, parallel: boolean | undefined): number | undefined {
  if (parallel === false || typeof choice === 'object') return 1;
  if (choice === 'auto') return undefined;
  return parallel === true ? mostRequiredCalls : 1;
}

/**
 * The tools that the template is given; undefined where none may be called.
 * @throws ApiError 400 where the model knows no tools
 */
export function callableTools(
  { tools, tool_choice: choice }: ToolFields,
  { tokenizer, package: { id } }: Model,
): ToolFields['tools'] {
  if (!tools || tools.length === 0 || choice === 'none') return undefined;
  if (!takesTools(tokenizer.responseFormat))
    throw unsupportedParameter('tools', `The chat template of '${id}' takes none.`);
  const allowed = AllowedChoice.safeParse(choice).data?.allowed_tools;
  if (!allowed) return tools;
  const names = new Set(allowed.tools.map((tool) => tool.function.name));
  return tools.filter((tool) => names.has(tool.function.name));
}
