/**
 * Regular expressions that come with a model, written for Python. They may take for ever, so each has some milliseconds of
 * the processor; V8 ends one that takes longer.
 */
import { createContext, Script } from 'node:vm';

const mostMs = 20;
/** On a busy machine the clock runs on while this thread waits; such a try is made again. */
const mostTries = 20;

const context = createContext(Object.create(null) as object);
const script = new Script('pattern.exec(text)');

/** The same expression in JavaScript. @throws SyntaxError */
export function compilePattern(source: string, flags = ''): RegExp {
  const own = source.replaceAll('(?P<', '(?<').replaceAll(/\(\?P=(\w+)\)/g, String.raw`\k<$1>`);
  try {
    return new RegExp(own, `su${flags}`);
  } catch {
    // Outside of Unicode mode, escapes that mean nothing are allowed.
    return new RegExp(own, `s${flags}`);
  }
}

/**
 * Searches from the text's beginning on.
 * @returns null where it fits nowhere, undefined where that takes too long to find out: who asks again waits as long again
 */
export function boundedMatch(pattern: RegExp, text: string): RegExpExecArray | null | undefined {
  Object.assign(context, { pattern, text });
  for (let tries = 0; tries < mostTries; tries++) {
    const before = process.threadCpuUsage();
    pattern.lastIndex = 0;
    try {
      return script.runInContext(context, { timeout: mostMs }) as RegExpExecArray | null;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      const { user, system } = process.threadCpuUsage(before);
      if ((user + system) / 1000 >= mostMs / 2) return undefined;
    }
  }
  return undefined;
}
