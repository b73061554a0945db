/** The one place that knows where the hub is: below the path at which this app was opened, such as `/potluck` behind a proxy. */
import { resolve } from '$app/paths';

/** The hub's address of a path such as `/api/nodes`, on this origin. */
export function hubPath(path: string): string {
  return `${resolve('/').replace(/\/$/, '')}${path}`;
}

/** The hub's URL of a path such as `/v1`, for programs; without a path, the hub's own URL. */
export function hubUrl(path = ''): string {
  return `${location.origin}${hubPath(path)}`;
}
