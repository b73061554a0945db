/** What the hub says of a request, fetched once it ended. */
import type { RequestDetail } from '@potluck/api';
import { SvelteMap } from 'svelte/reactivity';
import { hubJson } from '#lib/hub/hubFetch.ts';

const records = new SvelteMap<string, RequestDetail>();
// Nobody watches it.
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const asked = new Set<string>();

/** @returns the record; undefined until it is here (asking is begun), and for good where the hub has none */
export function requestRecord(id: string): RequestDetail | undefined {
  const known = records.get(id);
  if (known || asked.has(id)) return known;
  asked.add(id);
  void hubJson<RequestDetail>(`/api/requests/${encodeURIComponent(id)}`).then(
    (record) => records.set(id, record),
    () => undefined,
  );
  return undefined;
}

/** Takes `worker[first-last],…` apart, as the `x-potluck-route` header has it. */
export function parseRoute(route: string): { worker: string; firstLayer: number; lastLayer: number }[] {
  return [...route.matchAll(/([^,[\]]+)\[(\d+)-(\d+)\]/g)].map(([, worker = '', first, last]) => ({
    worker,
    firstLayer: Number(first),
    lastLayer: Number(last),
  }));
}
