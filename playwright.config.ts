/** Tests in a real browser: `npm run test:browser`. One at a time, since each is a hub, a model and a browser. */
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'e2e/browser',
  workers: 1,
  fullyParallel: false,
  timeout: 120_000,
  expect: { timeout: 60_000 },
  reporter: 'list',
  forbidOnly: process.env.CI !== undefined,
});
