/** Calls of ONNX Runtime, with errors that say what failed. */
import { ComputeError } from '../errors.ts';
import type { RunMember } from './stageSession.ts';

/** @throws ComputeError that says `what` failed */
export async function compute<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (cause) {
    throw new ComputeError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Says what failed in a run of these members. */
export function whatRuns(members: readonly RunMember[]): string {
  const steps = members.map(({ request: { position, length } }) => `${length} tokens at ${position}`);
  return `ONNX Runtime failed in ${steps.join(', ')}`;
}
