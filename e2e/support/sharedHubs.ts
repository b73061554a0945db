/** Several hubs that serve one grid: one Redis, one database, one data directory, and a load balancer in front. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { hasEnded } from '@potluck/machine';
import { startRedis } from '../../testing/servers/redisServer.ts';
import { sqldMissing, startSqld } from '../../testing/servers/sqldServer.ts';
import { startBalancer, type Balancer } from './balancer.ts';
import { copyBuiltInModel } from './builtInModel.ts';
import { freePort, startHub, startWorker, stop, type HubProcess, type WorkerProcess } from './hubProcess.ts';

export interface SharedHubs extends AsyncDisposable {
  hubs: HubProcess[];
  workers: WorkerProcess[];
  redis: Awaited<ReturnType<typeof startRedis>>;
  balancer: Balancer;
  /** Starts one more, in place of one that is gone. */
  add(): Promise<HubProcess>;
}

/** Longer than a busy machine lets a hub stand still. */
export const longLease = 6;

/**
 * @param names of workers that serve the model together with others, one stage each of two
 * @returns the hubs, with these workers
 */
export async function startSharedHubs(
  count: number,
  leaseSeconds: number,
  names = ['anna', 'bert'],
): Promise<SharedHubs> {
  const redis = await startRedis();
  // Where npm has no libSQL server, the hubs share a file: they are on one machine.
  const database = sqldMissing === undefined ? await startSqld() : undefined;
  const dataDirectory = await mkdtemp(path.join(tmpdir(), 'potluck-hubs-'));
  await copyBuiltInModel(dataDirectory);
  const ports: number[] = [];
  for (let index = 0; index < count; index++) ports.push(await freePort());
  const start = (port: number): Promise<HubProcess> =>
    startHub({
      ...{ port, dataDirectory, waitUntilReady: false },
      flags: [
        ...['--redis-url', redis.url, '--stages', '2', '--local-workers', '0', '--stop-wait', '0'],
        ...['--https-port', 'off', '--stun-port', 'off', '--lease-seconds', String(leaseSeconds)],
        // The balancer sends workers to a hub that sleeps, too: each such attempt to come back takes them some seconds.
        ...['--device-wait', '240'],
        ...(database ? ['--database-url', database.url] : []),
      ],
    });
  const hubs: HubProcess[] = [];
  for (const port of ports) hubs.push(await start(port));
  const balancer = await startBalancer(ports);
  const joins = { url: balancer.url, joinToken: hubs[0]?.joinToken ?? '' };
  const workers = await Promise.all(names.map((name) => startWorker(joins, name)));
  return {
    hubs,
    workers,
    redis,
    balancer,
    add: async () => {
      const taken = hubs.map(({ url }) => Number(new URL(url).port));
      const hub = await start(ports.find((port) => !taken.includes(port)) ?? 0);
      hubs.push(hub);
      return hub;
    },
    async [Symbol.asyncDispose]() {
      for (const worker of workers) await worker[Symbol.asyncDispose]();
      for (const { child } of hubs) {
        child.kill('SIGCONT');
        await stop(child);
      }
      await balancer[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
      await database?.[Symbol.asyncDispose]();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** The first of the hubs that leads and whose model can be asked; waits for one. */
export async function leaderOf(hubs: readonly HubProcess[]): Promise<HubProcess> {
  for (;;) {
    for (const hub of hubs) {
      const { role, ready } = await healthOf(hub);
      if (role === 'leads' && ready) return hub;
    }
    await setTimeout(50);
  }
}

/** Resolves when the hub leads. */
export async function leads(hub: HubProcess): Promise<void> {
  while ((await healthOf(hub)).role !== 'leads') await setTimeout(20);
}

interface Health {
  role?: string;
  ready?: boolean;
  status?: string;
}

/** What a hub says of itself; nothing where it is gone, or stands still. */
export async function healthOf({ url, child }: HubProcess): Promise<Health> {
  if (hasEnded(child)) return {};
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) });
    return (await response.json()) as Health;
  } catch {
    return {};
  }
}
