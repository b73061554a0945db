/** The app runs in the browser only: all that it shows comes from the hub's API. */
import { loadHubWords } from '#lib/hub/fromHub.ts';

export const ssr = false;
export const prerender = false;

/** Words of the hub are known before the first of them is shown. */
export async function load(): Promise<void> {
  await loadHubWords();
}
