/** What the system says of processes (Linux). */
import { readdirSync, readFileSync } from 'node:fs';
import type { HubProcess } from './hubProcess.ts';

/** Worker processes that a hub started, with the names that it gave them. */
export function localWorkers(hub: HubProcess): { pid: number; name: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1];
        const args = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
        const name = args[args.indexOf('--name') + 1];
        if (Number(parent) !== hub.child.pid || !args.includes('--name') || !name) return [];
        return [{ pid: Number(entry), name }];
      } catch {
        return []; // Gone meanwhile.
      }
    });
}

/** Signals a process and all that it started, as a laptop that goes to sleep takes all with it. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const one of processTree(pid)) signalIfThere(one, signal);
}

/** Signals one process, which may be gone meanwhile. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone meanwhile.
  }
}

/** A process and all below it, the parents first. */
export function processTree(pid: number): number[] {
  const children = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === pid);
  return [pid, ...children.flatMap((child) => processTree(Number(child)))];
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined; // Gone meanwhile.
  }
}

/** What every user of this machine sees of a process, its arguments; and what its own user sees, its environment. */
export function shownOf(pid: number): { commandLine: string; environment: string } {
  const read = (name: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'utf8').replaceAll('\0', ' ').trim();
    } catch {
      return ''; // Gone meanwhile.
    }
  };
  return { commandLine: read('cmdline'), environment: read('environ') };
}

/** Most bytes that were resident at any time. */
export function peakResidentBytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}
