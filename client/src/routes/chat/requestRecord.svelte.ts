/** What the hub says of a request, fetched once it ended. */
import type { RequestDetail } from '@potluck/api';
import { SvelteMap } from 'svelte/reactivity';
import { hubJson } from '#lib/hub/hubFetch.ts';
import { live } from '#lib/live/live.svelte.ts';

const records = new SvelteMap<string, RequestDetail>();
// Nobody watches it.
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const asked = new Set<string>();

/** @returns the record; undefined until it is here (asking is begun), and for good where the hub has none */
export function requestRecord(id: string): RequestDetail | undefined {
  const known = records.get(id);
  if (known || asked.has(id)) return known;
  asked.add(id);
  void ask(id).then(
    (record) => records.set(id, record),
    () => undefined,
  );
  return undefined;
}

/** Asks again at the end of a request that still runs, as one does that was stopped a moment ago. */
async function ask(id: string): Promise<RequestDetail> {
  const ended = Promise.withResolvers<void>();
  const unfollow = live.onRequest((activity) => {
    if (activity.id === id && activity.status !== 'running') ended.resolve();
  });
  const read = (): Promise<RequestDetail> => hubJson(`/api/requests/${encodeURIComponent(id)}`);
  try {
    const record = await read();
    if (record.status !== 'running') return record;
    await ended.promise;
    return await read();
  } finally {
    unfollow();
  }
}
