/** What a release writes. Pure. */

/** True for a version of three numbers above another one. */
export function isNewer(version: string, than: string): boolean {
  if (!/^\d+\.\d+\.\d+$/.test(version)) return false;
  const [one, other] = [version, than].map((text) => text.split('.').map(Number));
  const at = one?.findIndex((part, index) => part !== other?.[index]) ?? -1;
  return at >= 0 && (one?.[at] ?? 0) > (other?.[at] ?? 0);
}

/** Only where it is Potluck's own: in its manifests, constants and packages' names. */
export function withVersion(text: string, before: string, version: string): string {
  return text
    .replaceAll(`"version": "${before}"`, `"version": "${version}"`)
    .replaceAll(`Version = '${before}'`, `Version = '${version}'`)
    .replaceAll(`potluck-${before}.tgz`, `potluck-${version}.tgz`);
}

/** What was unreleased stands under the new version. */
export function changelogFor(text: string, version: string, date: string): string {
  return text.replace('## Unreleased\n', `## Unreleased\n\n## ${version} (${date})\n`);
}
