/**
 * Regular expressions that come with a model, written for Python. They may take for ever, so each has some milliseconds;
 * V8 ends one that takes longer.
 */
import { createContext, Script } from 'node:vm';

const mostMs = 20;

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

/** @returns null where it fits nowhere, or takes too long */
export function boundedMatch(pattern: RegExp, text: string): RegExpExecArray | null {
  Object.assign(context, { pattern, text });
  try {
    return script.runInContext(context, { timeout: mostMs }) as RegExpExecArray | null;
  } catch {
    return null;
  }
}
