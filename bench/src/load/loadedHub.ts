/** Real hubs without workers of their own, in processes that tell what they use. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startHub } from '../../../e2e/support/hubProcess.ts';
import { startRedis } from '../../../testing/servers/redisServer.ts';
import { startSqld } from '../../../testing/servers/sqldServer.ts';
import type { MemoryUse, ProcessUse } from './observer.ts';

export interface LoadedHub {
  /** Its part in the grid. */
  role: 'alone' | 'leads' | 'follows';
  url: string;
  /** What its process uses; delays are those since the last call. */
  use(): Promise<ProcessUse>;
  memory(): Promise<MemoryUse>;
  /** The same once all garbage is collected. */
  collected(): Promise<MemoryUse>;
}

export interface LoadedHubs extends AsyncDisposable {
  /** The one that leads comes first. */
  hubs: [LoadedHub, ...LoadedHub[]];
  joinToken: string;
}

export interface LoadedHubsInit {
  /** One port for each hub. */
  ports: readonly number[];
  /** A directory with a model. */
  model: string;
  /** Folder for profiles of the processor's time, as `--cpu-prof` writes them; undefined for none. */
  profiles?: string | undefined;
}

const observer = new URL('observer.ts', import.meta.url).href;
const askEveryMs = 100;

/** @returns hubs that serve one grid, with one database and one Redis where there are several, once one of them leads */
export async function startLoadedHubs({ ports, model, profiles }: LoadedHubsInit): Promise<LoadedHubs> {
  await using stack = new AsyncDisposableStack();
  const shared = ports.length > 1 ? await sharedBy(stack) : undefined;
  const hubs: LoadedHub[] = [];
  let joinToken = '';
  for (const port of ports) {
    const hub = stack.use(
      await startHub({
        port,
        waitUntilReady: false,
        ipc: true,
        ...(shared && { dataDirectory: shared.dataDirectory }),
        nodeFlags: [
          ...(profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles]),
          ...['--expose-gc', '--import', observer],
        ],
        flags: [
          ...['--log-level', 'error', '--https-port', 'off', '--stun-port', 'off'],
          ...['--local-workers', '0', '--model', model],
          ...(shared?.flags ?? []),
        ],
      }),
    );
    ({ joinToken } = hub);
    const ask = async (what: string): Promise<unknown> => {
      hub.child.send(what);
      return ((await once(hub.child, 'message')) as unknown[])[0];
    };
    // The first one leads: there is no other yet.
    const role = shared ? (hubs.length === 0 ? 'leads' : 'follows') : 'alone';
    await untilIts(role, hub.url);
    hubs.push({
      role,
      url: hub.url,
      use: () => ask('use') as Promise<ProcessUse>,
      memory: () => ask('memory') as Promise<MemoryUse>,
      collected: () => ask('collected') as Promise<MemoryUse>,
    });
  }
  const [first, ...others] = hubs;
  if (!first) throw new Error('at least one hub is needed');
  const stopping = stack.move();
  return { hubs: [first, ...others], joinToken, [Symbol.asyncDispose]: () => stopping.disposeAsync() };
}

async function sharedBy(stack: AsyncDisposableStack): Promise<{ dataDirectory: string; flags: string[] }> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'potluck-bench-'));
  stack.defer(() => rm(dataDirectory, { recursive: true, force: true }));
  const redis = stack.use(await startRedis());
  const database = stack.use(await startSqld());
  // The machine is busy: a hub that stands still for a moment is not to lose the lead.
  const flags = ['--redis-url', redis.url, '--database-url', database.url, '--lease-seconds', '30'];
  return { dataDirectory, flags };
}

async function untilIts(role: string, url: string): Promise<void> {
  for (;;) {
    const health = (await (await fetch(`${url}/health`)).json()) as { role?: string };
    if ((health.role ?? 'alone') === role && (await fetch(`${url}/v1/models`)).ok) return;
    await pause(askEveryMs);
  }
}
