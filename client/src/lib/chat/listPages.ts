/** How much of the list of conversations is read. */
import type { ConversationSummary } from '@potluck/api';
import { withPage } from '#lib/hub/withPage.ts';

/** How many conversations are shown at first, and how many more each time. */
export const pageSize = 50;
/** How many the hub gives at once. */
const mostAtOnce = 200;

export interface ListPage {
  conversations: ConversationSummary[];
  /** Null where the list ends with this page. */
  next: string | null;
}

/** How many to read so that the list stays as long as it is shown: in whole pages, one at least. */
export const countToRead = (shown: number): number => Math.max(1, Math.ceil(shown / pageSize)) * pageSize;

/**
 * The first conversations, as many as `wanted` or as there are.
 * @param read asks the hub for a page; undefined: that failed
 * @returns undefined where a page could not be read
 */
export async function readFirst(
  wanted: number,
  read: (limit: number, cursor: string | undefined) => Promise<ListPage | undefined>,
): Promise<ListPage | undefined> {
  let conversations: ConversationSummary[] = [];
  let left = wanted;
  let cursor: string | undefined;
  for (;;) {
    const limit = Math.min(left, mostAtOnce);
    const page = await read(limit, cursor);
    if (!page) return undefined;
    conversations = withPage(conversations, page.conversations);
    left -= limit;
    if (left <= 0 || page.next === null) return { conversations, next: page.next };
    cursor = page.next;
  }
}
