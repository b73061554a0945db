/** `potluck browsers` on the real hub. Several that share the layers: browsers.full.test.ts. */
import { test } from 'vitest';
import { expectBrowsersAnswer } from './support/headlessBrowsers.ts';

test('a browser joins by the link, and answers', () =>
  expectBrowsersAnswer({ count: 1, memory: '1GB', route: /^attic-1\[0-7\]$/ }));
