/** The package by which other machines join, of this hub's own version; made when somebody first asks, and kept. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export class WorkerPackageMaker {
  #made: Promise<Uint8Array<ArrayBuffer>> | undefined;

  /** The package as npm reads it. @throws Error where it can't be made; the next caller tries again */
  tarball(): Promise<Uint8Array<ArrayBuffer>> {
    this.#made ??= makeInThread().catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    return this.#made;
  }
}

async function makeInThread(): Promise<Uint8Array<ArrayBuffer>> {
  const thread = new Worker(new URL('./workerPackageThread.ts', import.meta.url), {
    // In a clone it strips types, which Node calls experimental.
    execArgv: [...process.execArgv, '--disable-warning=ExperimentalWarning'],
  });
  const gone = once(thread, 'exit').then(() => {
    throw new Error('the thread that makes the package ended');
  });
  gone.catch(() => undefined);
  const [bytes] = (await Promise.race([once(thread, 'message'), gone])) as [Uint8Array<ArrayBuffer>];
  return bytes;
}
