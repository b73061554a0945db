/** Several hubs that serve one grid: one Redis, one database, one data directory, and a load balancer in front. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startRedis, type RedisServer } from '../../testing/servers/redisServer.ts';
import { sqldMissing, startSqld, type SqldServer } from '../../testing/servers/sqldServer.ts';
import { startBalancer, type Balancer } from './balancer.ts';
import { copyBuiltInModel } from './builtInModel.ts';
import { freePort, startHub, startWorker, stop, type HubProcess, type WorkerProcess } from './hubProcess.ts';

export interface SharedHubs extends AsyncDisposable {
  hubs: HubProcess[];
  workers: WorkerProcess[];
  redis: RedisServer;
  balancer: Balancer;
  /** Starts the hub of that number again, at its port. */
  restart(index: number): Promise<HubProcess>;
}

/** @returns the hubs, with two workers that serve the model together */
export async function startSharedHubs(count: number): Promise<SharedHubs> {
  const redis = await startRedis();
  // Where npm has no libSQL server, the hubs share a file: they are on one machine.
  const database: SqldServer | undefined = sqldMissing === undefined ? await startSqld() : undefined;
  const dataDirectory = await mkdtemp(path.join(tmpdir(), 'potluck-hubs-'));
  await copyBuiltInModel(dataDirectory);
  const ports: number[] = [];
  for (let index = 0; index < count; index++) ports.push(await freePort());
  const start = (port: number): Promise<HubProcess> =>
    startHub({
      ...{ port, dataDirectory, waitUntilReady: false },
      flags: [
        ...['--redis-url', redis.url, '--stages', '2', '--local-workers', '0', '--stop-wait', '0'],
        ...['--https-port', 'off', '--stun-port', 'off'],
        ...(database ? ['--database-url', database.url] : []),
      ],
    });
  const hubs: HubProcess[] = [];
  for (const port of ports) hubs.push(await start(port));
  const balancer = await startBalancer(ports);
  const joins = { url: balancer.url, joinToken: hubs[0]?.joinToken ?? '' };
  const workers = await Promise.all(['anna', 'bert'].map((name) => startWorker(joins, name)));
  return {
    hubs,
    workers,
    redis,
    balancer,
    restart: async (index) => {
      const former = hubs[index];
      if (former) await stop(former.child, 'SIGKILL');
      return (hubs[index] = await start(ports[index] ?? 0));
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

/** The first of the hubs that leads and serves; waits for one. */
export async function leaderOf(hubs: readonly HubProcess[]): Promise<HubProcess> {
  for (;;) {
    for (const hub of hubs) if (await serves(hub)) return hub;
    await setTimeout(50);
  }
}

/** True where the hub leads, and its model can be asked. */
async function serves({ url, child }: HubProcess): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return false;
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) });
    const { role, ready } = (await response.json()) as { role?: string; ready: boolean };
    return role === 'leads' && ready;
  } catch {
    return false;
  }
}
