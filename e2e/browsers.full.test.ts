/** `potluck browsers` on the real hub, several at once. */
import { test } from 'vitest';
import { expectBrowsersAnswer } from './support/headlessBrowsers.ts';

test('two browsers join by the link, share the layers, and answer', () =>
  expectBrowsersAnswer({
    count: 2,
    // Neither has room for the whole model.
    memory: '100MB',
    route: /^(attic-1\[0-\d\],attic-2|attic-2\[0-\d\],attic-1)\[\d-7\]$/,
  }));
