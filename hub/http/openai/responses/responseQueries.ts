/** What a request for a kept response asks for in its address. */
import { z } from 'zod';
import { readPart } from '../../inference/readBody.ts';
import type { InputItem } from './inputItems.ts';

const Flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const Replay = z.object({
  stream: Flag.optional(),
  starting_after: z.coerce.number().int().min(0).optional(),
});
const List = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(['asc', 'desc']).default('desc'),
  after: z.string().max(200).optional(),
});

/** @throws ApiError 400 */
export function readReplayQuery(query: Record<string, string>): z.infer<typeof Replay> {
  return readPart(Replay, query, []);
}

interface ItemList {
  object: 'list';
  data: InputItem[];
  first_id: string | null;
  last_id: string | null;
  has_more: boolean;
}

/** A page of the items that the address asks for. @throws ApiError 400 */
export function readItemList(items: readonly InputItem[], query: Record<string, string>): ItemList {
  const { limit, order, after } = readPart(List, query, []);
  const ordered = order === 'asc' ? items : items.toReversed();
  const start = after === undefined ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
  const data = ordered.slice(start, start + limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: ordered.length > start + limit,
  };
}
