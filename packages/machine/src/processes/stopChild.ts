import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { hasEnded } from './hasEnded.ts';

/** Ends a process that this one started, if it still runs, and waits until it is gone. */
export async function stopChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
