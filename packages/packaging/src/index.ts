/**
 * Packages of this project: JavaScript without types that runs from node_modules. `npm pack` makes the whole one by
 * `src/prepack.ts`; a hub makes the one by which other machines join, from a clone and from an installed package alike.
 *
 * @example
 * const tarball = await workerPackage();
 */
export { buildDist } from './buildDist.ts';
export { workerPackage } from './workerPackage.ts';
