/** What a hub keeps of requests, as its API tells. */
import type { RequestDetail } from '@potluck/api';

/** @param id the `x-request-id` of the request's answer */
export async function requestOf({ url }: { url: string }, id: string): Promise<RequestDetail> {
  const response = await fetch(`${url}/api/requests/${id}`);
  return (await response.json()) as RequestDetail;
}

/** Names of the workers of a route, in the order of their stages. */
export function workersOf(route: string): string[] {
  return [...route.matchAll(/([^,[]+)\[/g)].map(([, name = '']) => name);
}
