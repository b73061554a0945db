import { live } from './live.svelte.ts';

/** What people call the device of a kept stage now; the name that it had then where it is away. */
export function presentName({ workerId, worker }: { workerId: string; worker: string }): string {
  return live.nodes.get(workerId)?.name ?? worker;
}
