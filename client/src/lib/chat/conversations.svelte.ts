/** The list of this browser's conversations, which the hub keeps. */
import type { Conversation, ConversationSummary } from '@potluck/api';
import { messageOf } from '#lib/hub/errors.ts';
import { hubJson, hubSend } from '#lib/hub/hubFetch.ts';
import { withPage } from '#lib/hub/withPage.ts';
import { countToRead, pageSize, readFirst, type ListPage } from './listPages.ts';

export class Conversations {
  list = $state.raw<ConversationSummary[]>([]);
  /** False until the list was read for the first time. */
  listed = $state(false);
  /** What is searched for in titles and messages. */
  query = $state('');
  problem = $state<string>();
  /** Where the list goes on; null where it is complete. */
  #next = $state.raw<string | null>(null);
  /** What was searched for when `list` was read. */
  #searched = '';
  #turn = 0;

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** True while the list is of something else than what is searched for. */
  get isBehind(): boolean {
    return !this.listed || this.query.trim() !== this.#searched;
  }

  /** Reads the list again, as it is now: as much of it as is shown, or the beginning where something else is searched for. */
  async refresh(): Promise<void> {
    const turn = ++this.#turn;
    const search = this.query.trim();
    const count = countToRead(search === this.#searched ? this.list.length : 0);
    const page = await readFirst(count, (limit, cursor) => this.#read(search, limit, cursor));
    // A later search overtook this one.
    if (turn !== this.#turn || !page) return;
    this.list = page.conversations;
    this.#next = page.next;
    this.#searched = search;
    this.listed = true;
  }

  async more(): Promise<void> {
    if (this.#next === null) return;
    const turn = this.#turn;
    const page = await this.#read(this.#searched, pageSize, this.#next);
    // The list was read again meanwhile.
    if (turn !== this.#turn || !page) return;
    this.#next = page.next;
    this.list = withPage(this.list, page.conversations);
  }

  async rename(id: string, title: string): Promise<void> {
    if (title.trim() === '') return;
    await this.#act(() =>
      hubSend<Conversation>('PATCH', `/api/conversations/${id}`, { title: title.trim() }),
    );
  }

  async remove(id: string): Promise<void> {
    await this.#act(() => hubSend('DELETE', `/api/conversations/${id}`));
  }

  async #act(act: () => Promise<unknown>): Promise<void> {
    let problem: string | undefined;
    try {
      await act();
    } catch (error) {
      problem = messageOf(error);
    }
    await this.refresh();
    if (problem !== undefined) this.problem = problem;
  }

  async #read(search: string, limit: number, cursor: string | undefined): Promise<ListPage | undefined> {
    try {
      const page = await hubJson<ListPage>(`/api/conversations?${pageQuery(search, limit, cursor)}`);
      this.problem = undefined;
      return page;
    } catch (error) {
      this.problem = messageOf(error);
      return undefined;
    }
  }
}

function pageQuery(search: string, limit: number, cursor: string | undefined): string {
  const parts = [
    `limit=${limit}`,
    ...(search === '' ? [] : [`search=${encodeURIComponent(search)}`]),
    ...(cursor === undefined ? [] : [`cursor=${encodeURIComponent(cursor)}`]),
  ];
  return parts.join('&');
}
