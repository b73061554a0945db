import type { Settings } from '@potluck/api';

/** Changes settings of a hub, as who administers it does. @throws Error where the hub refuses */
export async function changeSettings(hub: { url: string }, change: Partial<Settings>): Promise<void> {
  const url = `${hub.url}/api/settings`;
  const { revision } = (await (await fetch(url)).json()) as Settings;
  const response = await fetch(url, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ revision, ...change }),
  });
  if (response.status !== 200)
    throw new Error(`the hub answers ${response.status}: ${await response.text()}`);
}
