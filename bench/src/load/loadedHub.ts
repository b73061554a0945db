/** A real hub without workers of its own, in a process that tells what it uses. */
import { once } from 'node:events';
import { startHub } from '../../../e2e/support/hubProcess.ts';
import type { ProcessUse } from './observer.ts';

export interface LoadedHub extends AsyncDisposable {
  url: string;
  joinToken: string;
  /** What its process uses; delays are those since the last call. */
  use(): Promise<ProcessUse>;
}

export interface LoadedHubInit {
  port: number;
  /** A directory with a model. */
  model: string;
  /** Folder for a profile of the processor's time, as `--cpu-prof` writes it; undefined for none. */
  profiles?: string | undefined;
}

const observer = new URL('observer.ts', import.meta.url).href;

/** @returns once it answers */
export async function startLoadedHub({ port, model, profiles }: LoadedHubInit): Promise<LoadedHub> {
  const hub = await startHub({
    port,
    ipc: true,
    nodeFlags: [
      ...(profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles]),
      ...['--import', observer],
    ],
    flags: [
      ...['--log-level', 'error', '--https-port', 'off', '--stun-port', 'off'],
      ...['--local-workers', '0', '--model', model],
    ],
  });
  return {
    url: hub.url,
    joinToken: hub.joinToken,
    use: async () => {
      hub.child.send('use');
      const [use] = (await once(hub.child, 'message')) as [ProcessUse];
      return use;
    },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}
