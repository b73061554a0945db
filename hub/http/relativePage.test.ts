import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { relativePage } from './relativePage.ts';

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');
const script =
  '\n__sveltekit_1 = { base: "" };\nimport("/_app/start.js").then(() => import("/_app/app.js"));\n';
const html = `<meta content="script-src 'self' 'sha256-${hashOf(script)}'">
<link href="/_app/one.css"><script src="/theme.js"></script><a href="//elsewhere/"></a><script>${script}</script>`;

test.each([
  ['/', './'],
  ['/nodes', './'],
  ['/nodes/', '../'],
  ['/models/qwen/0.6b', '../../'],
])('at %s the page finds its files from %s', (pathname, top) => {
  const page = relativePage(html, pathname);
  expect(page).toContain(`<link href="${top}_app/one.css"><script src="${top}theme.js">`);
  expect(page).toContain('<a href="//elsewhere/">');
  const moved = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? '';
  expect(moved).toContain(`import("${top}_app/start.js")`);
  expect(moved).toContain(`import("${top}_app/app.js")`);
  expect(moved).toContain(`base: new URL("${top}", location).pathname.slice(0, -1)`);
  expect(page).toContain(`'sha256-${hashOf(moved)}'`);
});
