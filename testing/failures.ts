/** Tests that failed, as people read of them at the end of `npm test`. */
import { stripVTControlCharacters } from 'node:util';

export interface Failure {
  /** From the top of the repository; empty where an error belongs to no file. */
  file: string;
  /** Empty where an error belongs to no test. */
  title: string;
  error: string;
}

/** How a script of package.json failed. */
export interface FailedScript {
  script: string;
  /** What it wrote. */
  output: string;
  failures: readonly Failure[];
}

/** Of an error's text; of what a script wrote that names no failed test; and of how many characters. */
const errorLines = 8;
const outputLines = 25;
const lineCharacters = 200;

/**
 * Every failed test with the first lines of its error. A script that failed and names no test, such as a linter, says it
 * with the last lines that it wrote.
 */
export function failuresText(scripts: readonly FailedScript[]): string {
  return scripts
    .flatMap(({ script, output, failures }) =>
      failures.length === 0
        ? [`FAILED: ${script}, which ended with:`, ...linesOf(output).slice(-outputLines).map(indented)]
        : failures.flatMap(({ file, title, error }) => [
            `FAILED: ${[script, file, title].filter(Boolean).join(' > ')}`,
            ...linesOf(error).slice(0, errorLines).map(indented),
          ]),
    )
    .join('\n');
}

/** Without colours and empty lines. */
function linesOf(text: string): string[] {
  return stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}

const indented = (line: string): string => `    ${line.slice(0, lineCharacters)}`;
