import { hubVersion } from './hubVersion.ts';

/** Where the hub has the package by which others join. It names the version, since npx keeps what it fetched by address. */
export const workerPackagePath = `/packages/potluck-${hubVersion}.tgz`;
