/** What a response's prompt is made of. */
import type { ChatMessage, RenderOptions } from '../../../models/chatFormat.ts';
import type { Model } from '../../../models/model.ts';
import type { AskedTool } from '../../inference/heldTo.ts';
import { thinkingVariables } from '../../inference/reasoningFields.ts';
import { callableTools } from '../../inference/tools.ts';
import type { InputItem } from './inputItems.ts';
import type { ResponseBody } from './responseBody.ts';
import { messagesOf } from './responseConversation.ts';
import { offeredTools, type OfferedTools } from './responseTools.ts';

export interface ResponsePrompt {
  messages: ChatMessage[];
  offered: OfferedTools;
  /** As the template takes them; undefined where there are none. */
  tools: AskedTool[] | undefined;
  render: Pick<RenderOptions, 'variables'>;
}

/** @param items the whole conversation @throws ApiError where the model can't call tools */
export function responsePrompt(body: ResponseBody, items: InputItem[], model: Model): ResponsePrompt {
  const offered = offeredTools(body);
  const { functions } = offered;
  return {
    messages: messagesOf(items, body.instructions),
    offered,
    tools: functions.length === 0 ? undefined : callableTools({ tools: functions }, model),
    render: {
      variables: thinkingVariables({
        effort: body.reasoning?.effort ?? undefined,
        enable_thinking: body.enable_thinking,
        chat_template_kwargs: body.chat_template_kwargs,
      }),
    },
  };
}
