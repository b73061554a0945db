/** The list of this browser's conversations, which the hub keeps. */
import type { Conversation, ConversationSummary } from '@potluck/api';
import { messageOf } from '#lib/hub/errors.ts';
import { hubJson, hubSend } from '#lib/hub/hubFetch.ts';

const pageSize = 50;

export class Conversations {
  list = $state.raw<ConversationSummary[]>([]);
  /** False until the list was read for the first time. */
  listed = $state(false);
  /** What is searched for in titles and messages. */
  query = $state('');
  problem = $state<string>();
  /** Undefined where the list is complete. */
  #next: string | undefined;
  #turn = 0;

  get hasMore(): boolean {
    return this.listed && this.#next !== undefined;
  }

  /** Reads the list again, as it is now. */
  async refresh(): Promise<void> {
    const turn = ++this.#turn;
    const page = await this.#read(undefined);
    // A later search overtook this one.
    if (turn !== this.#turn || !page) return;
    this.list = page.conversations;
    this.#next = page.next ?? undefined;
    this.listed = true;
  }

  async more(): Promise<void> {
    const page = await this.#read(this.#next);
    if (!page) return;
    this.#next = page.next ?? undefined;
    this.list = [...this.list, ...page.conversations];
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

  async #read(
    cursor: string | undefined,
  ): Promise<{ conversations: ConversationSummary[]; next: string | null } | undefined> {
    try {
      const page = await hubJson<{ conversations: ConversationSummary[]; next: string | null }>(
        `/api/conversations?${pageQuery(this.query.trim(), cursor)}`,
      );
      this.problem = undefined;
      return page;
    } catch (error) {
      this.problem = messageOf(error);
      return undefined;
    }
  }
}

function pageQuery(search: string, cursor: string | undefined): string {
  const parts = [
    `limit=${pageSize}`,
    ...(search === '' ? [] : [`search=${encodeURIComponent(search)}`]),
    ...(cursor === undefined ? [] : [`cursor=${encodeURIComponent(cursor)}`]),
  ];
  return parts.join('&');
}
