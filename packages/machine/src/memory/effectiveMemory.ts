/** How much memory there is to count on: the machine's, or less where a container or a service limits it. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** What the system tells; tests bring their own. */
export interface MemoryFacts {
  /** The machine's, in bytes. */
  totalBytes: number;
  /** What Node knows of a limit, in bytes; 0 or more than the machine has where there is none. */
  constrainedBytes: number;
  /** Contents of a file; undefined where there is none. */
  read: (file: string) => string | undefined;
}

/** In bytes. */
export function effectiveMemoryBytes(facts: MemoryFacts = factsOfThisProcess()): number {
  const limits = [facts.constrainedBytes, ...cgroupLimits(facts.read)].filter((limit) => limit > 0);
  return Math.min(facts.totalBytes, ...limits);
}

function factsOfThisProcess(): MemoryFacts {
  return {
    totalBytes: totalmem(),
    constrainedBytes: process.constrainedMemory(),
    read: (file) => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return undefined;
      }
    },
  };
}

const root = '/sys/fs/cgroup';

/**
 * The limits of this process's control groups and of all above them (cgroups(7)); Node looks at the innermost only, and a
 * service manager sets limits on an outer one.
 */
function cgroupLimits(read: MemoryFacts['read']): number[] {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  return lines.flatMap(([hierarchy, controllers = '', ...rest]) => {
    const group = rest.join(':');
    // Version 2 has one hierarchy without names of controllers.
    if (hierarchy === '0' && controllers === '') {
      return foldersUpFrom(group).flatMap((folder) =>
        ['memory.max', 'memory.high'].flatMap((name) => bytesIn(read(`${root}${folder}/${name}`))),
      );
    }
    if (!controllers.split(',').includes('memory')) return [];
    // Version 1 sums up the groups above by itself. In a container the group is the root that it sees.
    return [group, ''].flatMap((folder) => {
      const statistics = read(`${root}/memory${folder === '/' ? '' : folder}/memory.stat`) ?? '';
      return bytesIn(/^hierarchical_memory_limit (\d+)$/m.exec(statistics)?.[1]);
    });
  });
}

/** `/a/b` -> `/a/b`, `/a`, `` (the root). */
function foldersUpFrom(group: string): string[] {
  const names = group.split('/').filter((name) => name !== '');
  return Array.from({ length: names.length + 1 }, (_, above) =>
    names
      .slice(0, names.length - above)
      .map((name) => `/${name}`)
      .join(''),
  );
}

/** `max` is no limit. */
function bytesIn(text: string | undefined): number[] {
  return /^\d+\s*$/.test(text ?? '') ? [Number(text)] : [];
}
