/** TypeScript to JavaScript, so that a program runs from node_modules, where Node strips no types. */
import { stripTypeScriptTypes } from 'node:module';

/** A literal that names another file of the program. */
const relativeSpecifier = /(['"`])(\.{1,2}\/[^'"`\n]*?)\.ts\1/g;
/** Packages of this project are found by the `imports` of the package.json that lies above them. */
const ownPackage = /(['"])@potluck\//g;

/** Where a file lies once its types are gone. */
export function scriptPath(path: string): string {
  return path.replace(/\.ts$/, '.js');
}

/** @returns the same program in JavaScript: every line where it was, and other files by their new names */
export function toJavaScript(path: string, source: string): string {
  const code = path.endsWith('.ts') ? stripTypeScriptTypes(source) : source;
  return code
    .replaceAll(relativeSpecifier, (_, quote: string, name: string) => `${quote}${name}.js${quote}`)
    .replaceAll(ownPackage, (_, quote: string) => `${quote}#potluck/`);
}
