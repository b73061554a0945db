/** A hub's URL may have a path: a proxy serves the hub there, such as `https://example.org/potluck`. */

/** The hub's URL without a slash at its end, and without what comes after a `?` or `#`. @throws TypeError for no URL */
export function plainHubUrl(hubUrl: string): string {
  const { origin, pathname } = new URL(hubUrl);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

/** A path of the hub, such as `/api/session`, below the hub's own. @throws TypeError for no URL */
export function atHub(hubUrl: string, path: string): URL {
  return new URL(`${plainHubUrl(hubUrl)}${path}`);
}
