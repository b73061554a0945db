/** One of several hubs that serve one grid: it leads, or passes requests on to the hub that does. */
import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Logger } from 'pino';
import { loadIdentity } from '../accounts/secrets.ts';
import type { Database } from '../database/database.ts';
import { LeadershipLostError } from '../database/leadership.ts';
import { messageOf } from '../errors/messageOf.ts';
import { StartError } from '../errors/startError.ts';
import { Front } from '../front/front.ts';
import { FrontMetrics } from '../front/frontMetrics.ts';
import { ownAnswers, ownRequests } from '../front/ownAnswers.ts';
import { Waiting } from '../front/waiting.ts';
import { builtPagesDirectory } from '../http/pages.ts';
import { trustedProxies } from '../http/trustedProxies.ts';
import { HigherEpochError } from '../lead/higherEpochError.ts';
import { HubsPresent } from '../lead/hubsPresent.ts';
import { LeaderBoard } from '../lead/leaderBoard.ts';
import { Leadership, type Reign } from '../lead/leadership.ts';
import { redisAlone } from '../lead/redisAlone.ts';
import { connectRedis, type RedisConnection } from '../lead/redisConnection.ts';
import { redisLease } from '../lead/redisLease.ts';
import { sharedTrouble } from '../lead/sharedTrouble.ts';
import type { Term } from '../lead/term.ts';
import type { LastTrouble } from '@potluck/command-line';
import { lanAddresses } from '../network/reachability/localNames.ts';
import { bracketed, isWildcard } from '../network/reachability/reachability.ts';
import { aborted } from './aborted.ts';
import type { HubConfig } from './config.ts';
import { openDoors, type Doors } from './openDoors.ts';
import { prepareDirectory } from './prepareData.ts';
import { serveGrid, type GridComponents, type ServedGrid, type SharedGrid } from './serveGrid.ts';

type Closers = (() => Promise<void> | void)[];

export interface SharedHubInit {
  config: HubConfig;
  redisUrl: string;
  logger: Logger;
  trouble: LastTrouble | undefined;
  /** What ends all of it. */
  closers: Closers;
  /** Ends the waiting for what is not there yet. */
  signal: AbortSignal;
}

/** So long Redis may take for an answer, as a part of the lease. */
const patiencePart = 1 / 4;
/** Another hub leads by then, in milliseconds. */
const leastLostMs = 10_000;
/** So long a request waits for a hub that leads, in milliseconds. */
const newMs = 10_000;
/** A hub that leads no more and can't end that is ended as a whole, in milliseconds. */
const mostEndMs = 15_000;

/**
 * Starts one of several hubs. Waits for Redis as long as that takes.
 * @throws StartError, ModelError or StorageError with one message that says what to do
 */
export async function startSharedHub(init: SharedHubInit): Promise<ServedGrid> {
  const { config, redisUrl, logger, closers, signal } = init;
  const data = path.resolve(config.data);
  await prepareDirectory(data, logger);
  const board = new LeaderBoard();
  const waiting = new Waiting();
  const leaseMs = 1000 * config.leaseSeconds;
  const now: { redis?: RedisConnection; term?: Term; waitsForDatabase?: boolean } = {};
  const leads = (): boolean => now.term?.isOver === false && now.term.record.serves;
  const redisAnswers = (): boolean => now.redis?.answers === true;
  const whatIsWrong = (): string | undefined =>
    sharedTrouble({
      waitsForDatabase: now.waitsForDatabase === true,
      redisAnswers: redisAnswers(),
      isLed: board.record !== undefined,
    });
  const metrics = new FrontMetrics(() => ({
    leads: leads(),
    epoch: board.record?.epoch ?? 0,
    waiting: waiting.count,
    redisAnswers: redisAnswers(),
  }));
  const own = ownAnswers(
    {
      ...{ board, metrics, trouble: whatIsWrong },
      isStopping: () => front.isStopping,
      leaderHealth: (incoming) => front.leaderHealth(incoming),
    },
    {
      pagesDirectory: builtPagesDirectory,
      metricsToken: config.metricsToken,
      proxies: trustedProxies(config.behindProxy ?? []),
    },
  );
  const front: Front = new Front(
    {
      ...{ board, waiting, metrics, logger },
      isOwn: ownRequests(builtPagesDirectory),
      answerOwn: (request, environment) => own.fetch(request, environment),
      trouble: whatIsWrong,
    },
    // As for lost devices, which are lost with their hub.
    {
      lostMs: Math.max(leastLostMs, 1000 * config.deviceWait),
      newMs,
      // All hubs have the same settings.
      stopMs: 1000 * config.stopWait,
    },
  );
  const connecting = connectRedis({ logger }, { url: redisUrl, patienceMs: leaseMs * patiencePart, signal });
  connecting.catch(() => undefined);
  const alone = async <T>(work: () => Promise<T>): Promise<T> => redisAlone(await connecting, signal, work);
  const answer = front.fetch;
  const doors = await openDoors({ logger, closers, answer, elsewhere: front, alone }, config, data);
  const redis = (now.redis = await connecting);
  closers.push(() => redis.close());
  const { hubId } = await alone(() => loadIdentity(data));
  const lease = redisLease(redis, leaseMs);
  const leading = await lease.read().catch(() => undefined);
  if (leading && leading.hubId !== hubId) throw otherData(data);

  const url = config.hubAddress ?? ownAddress(config, doors.port);
  const present = new HubsPresent(redis, url);
  closers.push(() => present.stop());
  present.start();
  const started = Promise.withResolvers<void>();
  started.promise.catch(() => undefined);
  let served: ServedGrid | undefined;
  const leadership = new Leadership(
    {
      ...{ lease, board, logger, redis },
      begin: async (begun, until) => {
        now.term = begun;
        const reign = await begin({
          ...init,
          data,
          doors,
          front,
          term: begun,
          state: () => ({
            leader: begun.record.url,
            present: [...present.urls],
            epoch: begun.record.epoch,
            leaseSeconds: config.leaseSeconds,
            redisAnswers: redisAnswers(),
            trouble: whatIsWrong(),
          }),
          starting: (waitsFor) => {
            now.waitsForDatabase = waitsFor === 'database';
          },
          metrics,
          signal: until,
        }).finally(() => {
          now.waitsForDatabase = false;
        });
        served = reign.served;
        return reign;
      },
      failed: (error) => {
        logger.error({ reason: messageOf(error) }, 'this hub can not lead');
        started.reject(error);
      },
    },
    {
      candidate: {
        ...{ process: randomUUID(), hubId, url },
        secret: randomBytes(24).toString('base64url'),
      },
      leaseMs,
    },
  );
  board.listen((record) => {
    if (record?.serves) started.resolve();
    if (record?.serves && !leads())
      logger.info(
        { epoch: record.epoch, leader: record.url },
        'another hub leads; this one passes requests on',
      );
    if (!record || record.hubId === hubId) return;
    // It started at the same moment; it must never lead.
    const error = otherData(data);
    logger.error(error.message);
    started.reject(error);
    void leadership.stop();
  });
  closers.push(
    // Before the doors close: a request that is still under way is answered that its hub stops.
    () => front.close(),
    () => leadership.close(),
    () => front.drain(1000 * config.stopWait),
    () => leadership.stop(),
    () => front.beginStop(),
  );
  leadership.start();
  await Promise.race([started.promise, aborted(signal)]);
  signal.throwIfAborted();
  const host = isWildcard(config.host) ? 'localhost' : bracketed(config.host);
  return { url: `http://${host}:${doors.port}`, ready: served?.ready ?? Promise.resolve() };
}

interface BeginInit extends SharedHubInit {
  data: string;
  doors: Doors;
  front: Front;
  term: Term;
  state: SharedGrid['state'];
  starting: NonNullable<GridComponents['starting']>;
  metrics: FrontMetrics;
}

/** Everything of a hub begins behind its doors. */
async function begin(init: BeginInit): Promise<Reign & { served: ServedGrid }> {
  const { config, logger, trouble, data, doors, front, term, state, starting, metrics, signal } = init;
  const closers: Closers = [];
  let epoch: Database['epoch'] | undefined;
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) {
      // What can't end keeps nothing else from ending.
      await Promise.resolve(close()).catch((error: unknown) => {
        logger.warn({ reason: messageOf(error) }, 'something did not end well');
      });
    }
  };
  try {
    const served = await serveGrid(
      {
        ...{ logger, trouble, doors, closers, starting, signal },
        answer: (fetch, isDraining) => front.lead({ term, fetch, isDraining }),
        shared: {
          claim: async (database) => {
            await claim(database, term.record.epoch);
            epoch = () => database.epoch();
          },
          letGo: () => {
            front.lead(undefined);
            front.cutPassedOn();
          },
          isLost: () => term.isLost,
          state,
          metrics: () => metrics.text(),
        },
      },
      config,
      data,
    );
    return {
      served,
      highestEpoch: () => epoch?.() ?? Promise.reject(new Error('the database is not open')),
      end: async (isLost) => {
        if (isLost) front.lead(undefined);
        const timer = isLost ? setTimeout(() => endProcess(logger), mostEndMs) : undefined;
        await closeAll();
        front.lead(undefined);
        front.cutSockets();
        clearTimeout(timer);
      },
    };
  } catch (error) {
    front.lead(undefined);
    await closeAll();
    throw error;
  }
}

/** Makes the database this hub's. @throws HigherEpochError */
async function claim(database: Database, epoch: number): Promise<void> {
  try {
    await database.lead(epoch);
  } catch (error) {
    if (!(error instanceof LeadershipLostError)) throw error;
    throw new HigherEpochError(await database.epoch());
  }
}

/** Whoever starts the hub again gets one that follows. */
function endProcess(logger: Logger): void {
  logger.fatal('this hub leads no more, and could not end what it did: it ends itself. Start it again.');
  process.exit(1);
}

function otherData(data: string): StartError {
  return new StartError(
    `Another hub of this Redis has another data directory than ${data}. Hubs that share a Redis share one data directory, ` +
      'such as a volume that all of them mount: give all of them the same with --data, or give this one another Redis, or ' +
      'another database of it (redis://HOST:6379/1).',
  );
}

/** At which other hubs reach this one, where nobody says it. */
function ownAddress({ host }: HubConfig, port: number): string {
  const address = isWildcard(host) ? (lanAddresses()[0] ?? '127.0.0.1') : host;
  return `http://${bracketed(address)}:${port}`;
}
