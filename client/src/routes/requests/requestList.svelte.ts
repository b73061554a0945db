/** The requests that the hub remembers, page by page. */
import type { RequestPage, RequestStatus, RequestSummary } from '@potluck/api';
import { messageOf } from '#lib/hub/errors.ts';
import { hubJson, hubSend } from '#lib/hub/hubFetch.ts';
import { withPage } from '#lib/hub/withPage.ts';

export const statuses = [
  'running',
  'done',
  'failed',
  'cancelled',
  'interrupted',
  'refused',
] as const satisfies RequestStatus[];
const sources = ['chat', 'api'] as const;

export interface RequestFilters {
  search: string;
  /** Empty: all. */
  status: RequestStatus | '';
  model: string;
  source: 'chat' | 'api' | '';
}

/** The filters that an address names; what it names wrong is none. */
export function filtersOf(query: Pick<URLSearchParams, 'get'>): RequestFilters {
  const named = (name: keyof RequestFilters): string => (query.get(name) ?? '').slice(0, 200);
  const status = statuses.find((one) => one === named('status')) ?? '';
  const source = sources.find((one) => one === named('source')) ?? '';
  return { search: named('search'), model: named('model'), status, source };
}

export class RequestList {
  readonly filters: RequestFilters;
  requests = $state.raw<RequestSummary[]>([]);
  total = $state(0);
  /** False until the first page is here. */
  known = $state(false);
  problem = $state<string>();
  next = $state<string>();
  #turn = 0;

  constructor(filters: RequestFilters) {
    this.filters = $state(filters);
  }

  /** The filters as a query string, also for the export. */
  get query(): string {
    return Object.entries(this.filters)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
      .join('&');
  }

  /** Reads the first page again. */
  async refresh(): Promise<void> {
    const turn = ++this.#turn;
    const page = await this.#read('');
    if (!page || turn !== this.#turn) return;
    this.requests = page.requests;
    this.total = page.total;
    this.next = page.next ?? undefined;
    this.known = true;
  }

  /** Forgets what was read: who was signed out sees nothing any more. */
  forget(): void {
    this.#turn += 1;
    this.requests = [];
    this.total = 0;
    this.next = undefined;
    this.problem = undefined;
    this.known = false;
  }

  async more(): Promise<void> {
    if (this.next === undefined) return;
    const turn = this.#turn;
    const page = await this.#read(`&cursor=${encodeURIComponent(this.next)}`);
    // The list was read again meanwhile.
    if (!page || turn !== this.#turn) return;
    this.requests = withPage(this.requests, page.requests);
    this.next = page.next ?? undefined;
  }

  /** Deletes one. @throws HubError */
  async remove(id: string): Promise<void> {
    await hubSend('DELETE', `/api/requests/${id}`);
    await this.refresh();
  }

  /** Deletes those that the filters show and that have ended. @returns how many. @throws HubError */
  async removeAll(): Promise<number> {
    const { deleted } = await hubSend<{ deleted: number }>('DELETE', `/api/requests?${this.query}`);
    await this.refresh();
    return deleted;
  }

  async #read(more: string): Promise<RequestPage | undefined> {
    try {
      const page = await hubJson<RequestPage>(`/api/requests?${this.query}${more}`);
      this.problem = undefined;
      return page;
    } catch (error) {
      this.problem = messageOf(error);
      return undefined;
    }
  }
}
