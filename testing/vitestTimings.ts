/** Has Vitest note how long its files and tests took. */
import type { Reporter, TestModule } from 'vitest/node';
import { keepTimings } from './timings.ts';

export const vitestTimings: Reporter = {
  onTestRunEnd(modules) {
    const run = [...new Set(modules.map(({ project }) => project.name))].join('-');
    keepTimings(
      `vitest-${run}`,
      modules.map((module) => ({
        file: module.moduleId,
        milliseconds: millisecondsOf(module),
        tests: [...module.children.allTests()].map((test) => ({
          title: test.fullName,
          milliseconds: test.diagnostic()?.duration ?? 0,
        })),
      })),
    );
  },
};

function millisecondsOf(module: TestModule): number {
  const { environmentSetupDuration, prepareDuration, collectDuration, setupDuration, duration } =
    module.diagnostic();
  return environmentSetupDuration + prepareDuration + collectDuration + setupDuration + duration;
}
