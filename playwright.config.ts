/**
 * Tests in a real browser: `npm run test:browser`. Three files at a time: each is a hub, a model and a browser, and waits
 * half of its time.
 */
import { defineConfig } from '@playwright/test';

// Of each Node worker: those of ONNX Runtime spin while they wait, and there are more workers than processors.
process.env.POTLUCK_THREADS ??= '1';

export default defineConfig({
  testDir: 'e2e/browser',
  workers: 3,
  fullyParallel: false,
  timeout: 240_000,
  expect: { timeout: 60_000 },
  // Node reads TypeScript by itself, and keeps what it compiled.
  build: { external: ['**'] },
  reporter: [['list'], ['./testing/playwrightReporter.ts']],
  // What takes long is for `npm run test:full`.
  projects: [
    { name: 'browser', testIgnore: '**/*.full.spec.ts' },
    { name: 'full', testMatch: '**/*.full.spec.ts' },
  ],
  forbidOnly: process.env.CI !== undefined,
});
