/** Tools in a request, as OpenAI's API has them. */
import { z } from 'zod';
import type { Model } from '../../models/model.ts';
import { unsupportedParameter } from './readBody.ts';

/** As many as OpenAI takes. */
const maxTools = 128;

const Tool = z.looseObject({
  type: z.literal('function', { error: 'must be "function"; this hub runs no tools of its own' }),
  function: z.looseObject({
    name: z.string().regex(/^[\w.-]{1,128}$/, 'takes letters, digits, dots, dashes and underscores'),
    description: z.string().nullish(),
    parameters: z.looseObject({}).nullish(),
    strict: z.boolean().nullish(),
  }),
});

export const toolFields = {
  tools: z.array(Tool).max(maxTools).optional(),
  tool_choice: z.union([z.string(), z.looseObject({})]).optional(),
  parallel_tool_calls: z.boolean().optional(),
};

export type ToolFields = z.infer<z.ZodObject<typeof toolFields>>;

const needsConstraint =
  'It needs answers that are held to a grammar while they are drawn, which this hub does not do yet.';

/** @throws ApiError 400 where tools are asked for in a way that this hub does not do */
export function refuseTools({ tools, tool_choice: choice }: ToolFields): void {
  if (choice !== undefined && choice !== 'none' && choice !== 'auto') {
    throw unsupportedParameter('tool_choice', `Take "auto" or "none". ${needsConstraint}`);
  }
  for (const [index, tool] of (tools ?? []).entries()) {
    if (tool.function.strict) {
      throw unsupportedParameter(`tools[${index}].function.strict`, needsConstraint);
    }
  }
}

/**
 * The tools that the template is given; undefined where none may be called.
 * @throws ApiError 400 where the model knows no tools
 */
export function callableTools(
  { tools, tool_choice: choice }: ToolFields,
  { tokenizer, package: { id } }: Model,
): unknown[] | undefined {
  if (!tools || tools.length === 0 || choice === 'none') return undefined;
  const { calls, isHarmony } = tokenizer.responseFormat;
  if (!calls && !isHarmony) throw unsupportedParameter('tools', `The chat template of '${id}' takes none.`);
  return tools;
}
