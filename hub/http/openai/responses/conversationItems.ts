/** The items of the whole conversation that a request goes on with. */
import { itemsUpTo, resolved } from './earlierItems.ts';
import type { InputItem } from './inputItems.ts';
import type { ResponseBody } from './responseBody.ts';
import type { ResponseParts } from './startResponse.ts';

/** A response that only its own connection knows, with its whole conversation. */
export interface UnkeptResponse {
  id: string;
  items: InputItem[];
}

/** @throws ApiError */
export async function conversationItems(
  { responses: store, running }: ResponseParts,
  owner: string,
  { input, previous_response_id: previousId }: Pick<ResponseBody, 'input' | 'previous_response_id'>,
  unkept?: UnkeptResponse,
): Promise<InputItem[]> {
  const parts = { store, running };
  if (previousId !== undefined && previousId === unkept?.id) {
    return [...unkept.items, ...(await resolved(parts, owner, input, unkept.items))];
  }
  const earlier = previousId === undefined ? [] : await itemsUpTo(parts, owner, previousId);
  const whole = await resolved(parts, owner, earlier);
  return [...whole, ...(await resolved(parts, owner, input, whole))];
}
