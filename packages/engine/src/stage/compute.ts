/** Calls of ONNX Runtime, with errors that say what failed. */
import { ComputeError } from '../errors.ts';

/** @throws ComputeError that says `what` failed */
export async function compute<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (cause) {
    throw new ComputeError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
