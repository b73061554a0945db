/** What the machine says on which the command runs. */
import { readFileSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import path from 'node:path';
import { freeDiskBytes } from '@potluck/machine';

export interface HereReport {
  version: string;
  node: string;
  system: string;
  processors: number;
  memoryBytes: number;
  freeMemoryBytes: number;
  /** Unix milliseconds. */
  at: number;
  /** Undefined where there is none. */
  dataDirectory?: { path: string; freeBytes: number; isWritable: boolean };
  problems: string[];
}

/** @param dataDirectory of a hub, where one is on this machine */
export async function lookHere(dataDirectory: string): Promise<HereReport> {
  const data = await lookAt(path.resolve(dataDirectory));
  return {
    version: ownVersion(),
    node: process.versions.node,
    system: `${process.platform} ${process.arch}`,
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    at: Date.now(),
    ...(data ? { dataDirectory: data } : {}),
    problems:
      data?.isWritable === false
        ? [`You may not write to the data directory ${data.path}: run this as the hub's user.`]
        : [],
  };
}

async function lookAt(directory: string): Promise<HereReport['dataDirectory']> {
  const found = await stat(directory).catch(() => undefined);
  if (!found?.isDirectory()) return undefined;
  const freeBytes = await freeDiskBytes(directory);
  const isWritable = await access(directory, constants.W_OK).then(
    () => true,
    () => false,
  );
  return { path: directory, freeBytes, isWritable };
}

/** Of the package around this file: in a clone and in what `npm pack` makes it lies four folders up. */
function ownVersion(): string {
  const file = new URL('../../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
