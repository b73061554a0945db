import { defineConfig, type TestUserConfig } from 'vitest/config';
import { vitestReporter } from './testing/vitestReporter.ts';

/** Real processes, sockets and models: two files at a time, so that two cores are enough. */
const integration: TestUserConfig = {
  include: ['{packages,hub,bench,e2e}/**/*.integration.test.ts'],
  exclude: ['**/node_modules/**'],
  pool: 'forks',
  maxWorkers: 2,
  // Of each worker: those of ONNX Runtime spin while they wait, and there are more workers than processors.
  env: { POTLUCK_THREADS: '1' },
  expect: { poll: { timeout: 60_000 } },
  testTimeout: 300_000,
  hookTimeout: 300_000,
};
const alone = [
  'hub/wiring/load.integration.test.ts',
  'packages/onnx/src/package/largeModel.integration.test.ts',
];

export default defineConfig({
  test: {
    reporters: ['default', vitestReporter],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,hub,client,bench,testing}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.integration.test.ts', '**/*.full.test.ts'],
          pool: 'forks',
          maxWorkers: 2,
          // Files share processes and the modules that were loaded there: who changes a global puts it back.
          isolate: false,
          unstubGlobals: true,
          unstubEnvs: true,
          restoreMocks: true,
          // Other tests run beside: what is waited for may take longer than a second.
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Node reads their modules itself, once for all files of a process: what a file changes, it puts back.
        test: {
          ...integration,
          name: 'integration',
          exclude: ['**/node_modules/**', ...alone],
          isolate: false,
          experimental: { viteModuleRunner: false },
        },
      },
      {
        // They measure their own process.
        test: { ...integration, name: 'alone', include: alone },
      },
      {
        // Long proofs, for `npm run test:full`: one file at a time.
        test: {
          name: 'full',
          include: ['{packages,hub,bench,e2e}/**/*.full.test.ts'],
          exclude: ['**/node_modules/**'],
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
