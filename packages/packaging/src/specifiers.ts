/** What a file imports by name, from packages. Found in its text: no file has to be run, and none of its imports to be here. */
import { isBuiltin } from 'node:module';

const bare =
  /(?:\bfrom|\bimport|\brequire|\bresolve|\(import\.meta\.url\))\s*\(?\s*['"]([@#\w][\w./#@-]*)['"]/g;

/**
 * @param code without comments that name packages (`withoutComments`)
 * @returns such as `zod`, `hono/compress` and `@potluck/protocol`; none of Node's own
 */
export function specifiersIn(code: string): string[] {
  return [...code.matchAll(bare)].flatMap(([, specifier = '']) => (isBuiltin(specifier) ? [] : specifier));
}

/** @returns the package of a specifier: `hono` of `hono/compress`, `@potluck/api` of `@potluck/api/thoughts` */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Comments name files and packages, too. */
export function withoutComments(code: string): string {
  return code.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '');
}
