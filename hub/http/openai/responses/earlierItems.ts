/** What a request goes on with: the conversation of earlier responses, and items that it names by their ids. */
import type { ResponseRow, ResponseStore } from '../../../conversations/responseStore.ts';
import { ApiError } from '../../apiError.ts';
import { tooMany } from '../../inference/readBody.ts';
import { readItems, type InputItem } from './inputItems.ts';
import { responseIdOfItem } from './responseShapes.ts';
import type { RunningResponses } from './runningResponses.ts';

export interface EarlierComponents {
  store: Pick<ResponseStore, 'find'>;
  running: Pick<RunningResponses, 'find'>;
}

/** Responses of one conversation, one after the other; also those that references of one request lead to. */
const maxResponses = 1000;
/** Of all earlier items together, as JSON: as much as a body may have. */
const maxBytes = 4 * 1024 * 1024;
const maxItems = 10_000;

/**
 * The conversation up to and with this response.
 * @throws ApiError 400 if it is not kept, or not done, or too long
 */
export async function itemsUpTo(
  { store, running }: EarlierComponents,
  owner: string,
  responseId: string,
): Promise<InputItem[]> {
  const turns: unknown[][] = [];
  let [id, bytes]: [string | null, number] = [responseId, 0];
  while (id !== null) {
    const row = await store.find(owner, id);
    if (running.find(owner, id) || row?.status === 'running') {
      throw wrongPrevious(
        `The response '${id}' goes on still. Wait for its end, or cancel it.`,
        'response_not_done',
      );
    }
    if (!row) {
      const isFirst = id === responseId;
      throw wrongPrevious(
        `There is no response '${id}'${isFirst ? '' : `, with which the conversation of '${responseId}' began`}. ` +
          'It may have been deleted, have expired, or have been made with "store": false.',
        'previous_response_not_found',
      );
    }
    turns.unshift(turnOf(row));
    bytes += row.bytes;
    if (bytes > maxBytes || turns.length > maxResponses) {
      throw wrongPrevious(
        'The conversation has become too long. Begin another one, or compact it.',
        'invalid_value',
      );
    }
    id = row.previousId;
  }
  const items = turns.flat();
  if (items.length > maxItems) throw tooMany('previous_response_id', `${maxItems} items in a conversation`);
  return readItems(items);
}

function wrongPrevious(message: string, code: string): ApiError {
  return new ApiError(400, message, { code, param: 'previous_response_id' });
}

/**
 * The same items with what references name in their place.
 * @param earlier in which what is named is looked for first
 * @throws ApiError 400 where nothing has such an id
 */
export async function resolved(
  components: EarlierComponents,
  owner: string,
  items: readonly InputItem[],
  earlier: readonly InputItem[] = [],
): Promise<InputItem[]> {
  const known = new Map<string, InputItem>();
  const note = (some: readonly InputItem[]): void => {
    for (const item of some) {
      if (item.type !== 'item_reference' && typeof item.id === 'string') known.set(item.id, item);
    }
  };
  note(earlier);
  const looked = new Set<string>();
  const found: InputItem[] = [];
  for (const [index, item] of items.entries()) {
    if (item.type !== 'item_reference') {
      found.push(item);
      continue;
    }
    const responseId = responseIdOfItem(item.id);
    if (!known.has(item.id) && responseId !== undefined && !looked.has(responseId)) {
      looked.add(responseId);
      if (looked.size > maxResponses) throw tooMany('input', `items of ${maxResponses} responses`);
      note(await itemsOf(components, owner, responseId));
    }
    const named = known.get(item.id);
    if (!named) {
      const param = `input[${index}].id`;
      throw new ApiError(
        400,
        `'${param}': there is no item '${item.id}'. Its response may have been deleted, have expired, or have been made ` +
          'with "store": false; send the item itself.',
        { code: 'item_not_found', param },
      );
    }
    found.push(named);
  }
  return found;
}

async function itemsOf(
  { store, running }: EarlierComponents,
  owner: string,
  id: string,
): Promise<InputItem[]> {
  const now = running.find(owner, id);
  if (now) return [...now.input, ...readItems(now.response.output)];
  const row = await store.find(owner, id);
  return row ? readItems(turnOf(row)) : [];
}

/** What a response was asked with, and its answer. */
function turnOf({ input, response }: ResponseRow): unknown[] {
  return [...input, ...((response as { output?: unknown[] }).output ?? [])];
}
