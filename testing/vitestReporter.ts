/** Has Vitest note how long its files and tests took, and what failed. */
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import type { Failure } from './failures.ts';
import { keepReport } from './testReport.ts';

export const vitestReporter: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    keepReport({
      files: modules.map((module) => ({
        file: module.moduleId,
        milliseconds: millisecondsOf(module),
        tests: [...module.children.allTests()].map((test) => ({
          title: test.fullName,
          milliseconds: test.diagnostic()?.duration ?? 0,
        })),
      })),
      failures: [
        ...modules.flatMap(failuresIn),
        ...unhandledErrors.map((error) => ({ file: '', title: '', error: textOf(error) })),
      ],
    });
  },
};

function millisecondsOf(module: TestModule): number {
  const { environmentSetupDuration, prepareDuration, collectDuration, setupDuration, duration } =
    module.diagnostic();
  return environmentSetupDuration + prepareDuration + collectDuration + setupDuration + duration;
}

/** Of tests; and of suites and the file itself, whose imports or hooks failed. */
function failuresIn(module: TestModule): Failure[] {
  const { moduleId: file, children } = module;
  const failures = (title: string, errors: readonly SerializedError[]): Failure[] =>
    errors.map((error) => ({ file, title, error: textOf(error) }));
  return [
    ...failures('', module.errors()),
    ...[...children.allSuites()].flatMap((suite) => failures(suite.fullName, suite.errors())),
    ...[...children.allTests('failed')].flatMap((test) =>
      failures(test.fullName, test.result().errors ?? []),
    ),
  ];
}

/** What is wrong, where, and how it differs from what was expected. */
function textOf({ name = 'Error', message, stacks = [], diff }: SerializedError): string {
  const [place] = stacks;
  return [
    `${name}: ${message}`,
    ...(place ? [`at ${place.file}:${place.line}:${place.column}`] : []),
    ...(typeof diff === 'string' ? [diff] : []),
  ].join('\n');
}
