/** What a result was measured with. */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';

/** @param packages those whose versions the figures depend on */
export function describeMachine(packages: string[]): Record<string, string> {
  const version = (name: string): string => {
    const text = readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  };
  return {
    processor: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    ...Object.fromEntries(packages.map((name) => [name, version(name)])),
  };
}
