/** Makes the app's one page work below any path at which a proxy serves the hub. */
import { createHash } from 'node:crypto';

const inlineScript = /<script>([^]*?)<\/script>/;

/**
 * Turns the addresses of the built page, which begin at the top of the site, into relative ones. Only the browser knows the
 * path that the proxy took away; the page's own path at the hub says how far the hub's top is.
 * @param html what `npm run build` made
 * @param pathname at which the hub was asked, such as `/nodes`
 */
export function relativePage(html: string, pathname: string): string {
  const depth = Math.max(0, pathname.split('/').length - 2);
  const top = depth === 0 ? './' : '../'.repeat(depth);
  const page = html.replaceAll(/ (href|src)="\/(?!\/)/g, ` $1="${top}`);
  const [, script] = inlineScript.exec(page) ?? [];
  if (script === undefined) return page;
  const moved = script
    .replaceAll('import("/', `import("${top}`)
    .replace('base: ""', `base: new URL("${top}", location).pathname.slice(0, -1)`);
  // The content security policy knows the script by its hash.
  return page.replace(script, () => moved).replace(hashOf(script), hashOf(moved));
}

function hashOf(script: string): string {
  return `sha256-${createHash('sha256').update(script).digest('base64')}`;
}
