/** A hub as a running program: folder, database, port, model, local workers. */
import { access, constants } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import {
  DirectoryInUseError,
  effectiveMemoryBytes,
  lockDirectory,
  type DirectoryLock,
} from '@potluck/machine';
import type { Logger } from 'pino';
import { loadAccess } from '../accounts/accessControl.ts';
import { writeLocalKey } from '../accounts/localKey.ts';
import { assembleHub } from './assembleHub.ts';
import type { HubConfig } from './config.ts';
import { damagedDatabase, openDatabase } from '../database/database.ts';
import { DatabaseError } from '../database/plainErrors.ts';
import { messageOf } from '../errors/messageOf.ts';
import { StartError } from '../errors/startError.ts';
import { answerStarting } from '../http/starting.ts';
import { trustedProxies } from '../http/trustedProxies.ts';
import { listen, type Fetch } from '../network/listen.ts';
import { LocalWorkers } from '../workers/local/localWorkers.ts';
import { keepPrivate } from '../files/keepPrivate.ts';
import { makeDirectory } from '../files/makeDirectory.ts';
import { BlobStore } from '../models/blobStore.ts';
import { LibraryCatalogue } from '../models/libraryCatalogue.ts';
import { ModelLibrary } from '../models/modelLibrary.ts';
import { restoreDeployments } from './restoreDeployments.ts';
import { explainJoining, sayReady } from '../network/reachability/explainJoining.ts';
import { publicAddresses } from '../network/reachability/givenAddress.ts';
import { openHttps } from '../network/reachability/openHttps.ts';
import {
  bracketed,
  hostsOf,
  isWildcard,
  namedHosts,
  type Reachability,
} from '../network/reachability/reachability.ts';
import type { LastTrouble } from '@potluck/command-line';
import type { IceServersInit } from '../network/stun/iceServers.ts';
import { startStunServer, type StunServerInit } from '../network/stun/stunServer.ts';
import { identityFileName, keepJoinToken, loadIdentity, type HubIdentity } from '../accounts/secrets.ts';
import { HubSettings } from '../settings/hubSettings.ts';

export interface RunningHub {
  url: string;
  /** Resolves when the hub can answer: a model is served, or no local workers were asked for. */
  ready: Promise<void>;
  /** Stops local workers, tells the others, closes everything. */
  stop(): Promise<void>;
}

/**
 * Starts a hub.
 * @param trouble that the logger is told
 * @throws StartError, ModelError or StorageError with one message that says what to do
 */
export async function startHub(
  config: HubConfig,
  logger: Logger,
  trouble?: LastTrouble,
): Promise<RunningHub> {
  const closers: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const running = await start(config, logger, closers, trouble);
    return { ...running, stop };
  } catch (error) {
    await stop();
    throw error instanceof DatabaseError ? damagedDatabase(path.resolve(config.data), error) : error;
  }
}

async function start(
  config: HubConfig,
  logger: Logger,
  closers: (() => Promise<void> | void)[],
  trouble: LastTrouble | undefined,
): Promise<Omit<RunningHub, 'stop'>> {
  const data = path.resolve(config.data);
  await prepareDirectory(data, logger);
  const lock = lockData(data);
  closers.push(() => lock.release());

  // The ports first: they are the likeliest thing to go wrong, and what is in the data is not touched before.
  let answer: Fetch = answerStarting;
  const fetch: Fetch = (request, environment) => answer(request, environment);
  const listening = await listen(fetch, config.port, config.host);
  closers.push(() => listening.close());
  const { port } = listening;
  const https = await openHttps({ fetch, logger }, { ...config, data });
  if (https) closers.push(() => https.close());
  const stun = await startStunServer({ logger }, stunInit(config));
  if (stun) closers.push(() => stun.close());
  const identity = withOverrides(await loadIdentity(data), config);
  const database = await openDatabase(data);
  closers.push(() => database.close());
  const unfinished = await database.journal.load();
  await database.requests.interruptRunning();
  await database.conversations.interruptStreaming();
  await database.responses.interruptRunning();
  const reachability = (): Reachability => ({
    httpPort: port,
    hosts: [...new Set([...namedHosts(https?.certificate), ...hostsOf(config)])],
    publicAddresses: publicAddresses(config.addresses ?? [], https !== undefined),
    ...(https && { httpsPort: https.port }),
    ...(https?.certificate.fingerprint && { fingerprint: https.certificate.fingerprint }),
  });

  const blobs = new BlobStore(path.join(data, 'blobs'));
  const library = new ModelLibrary(path.join(data, 'models'), blobs, logger);
  const { contextLength } = config;
  const catalogue = await LibraryCatalogue.load(library, {
    logger,
    ...(contextLength === undefined ? {} : { contextLength }),
  });
  const access = await loadAccess(
    database,
    identity,
    config.adminPassword,
    config.joinToken ? undefined : (token) => keepJoinToken(data, token),
  );
  const localKey = await writeLocalKey(data, [port, ...(https ? [https.port] : [])]);
  closers.push(() => localKey.remove());
  const settings = await HubSettings.load(database.values, {
    modelDirectories: config.modelDirectory ?? [],
    flagTurnUrls: config.turn ?? [],
  });

  const localHost = isWildcard(config.host) ? '127.0.0.1' : bracketed(config.host);
  const localWorkers = new LocalWorkers(
    { logger },
    {
      count: config.localWorkers,
      hubUrl: `http://${localHost}:${port}`,
      joinToken: access.joinTokens.local,
      directory: path.join(data, 'workers'),
      blobsDirectory: path.join(data, 'blobs'),
      logLevel: config.logLevel,
      ...shareOfMachine(config),
    },
  );
  const parts = await assembleHub(
    {
      catalogue,
      blobs,
      database,
      access,
      settings,
      logger,
      unfinished,
      workersStarting: (present) => localWorkers.startingBeside(present),
      reachability: { reachability, https: () => https },
      lastTrouble: trouble && (() => trouble.lines),
    },
    {
      identity,
      forceRelay: config.forceRelay,
      recoveryMs: 1000 * config.deviceWait,
      clientWaitMs: 1000 * config.clientWait,
      localKey: localKey.secret,
      metricsToken: config.metricsToken,
      proxies: trustedProxies(config.behindProxy ?? []),
      dataDirectory: data,
      ice: iceOf(config, stun?.port),
    },
  );
  closers.push(() => parts.stop());
  const { app, deployments } = parts;
  const ready = Promise.withResolvers<void>();
  deployments.listen({ ready: () => ready.resolve() });
  await restoreDeployments({ catalogue, deployments, database, logger }, config);
  if (config.localWorkers === 0 || deployments.list.length === 0) ready.resolve();
  answer = (request, environment) => app.fetch(request, environment);
  parts.goOn();
  localWorkers.start();
  parts.nodes.listen((_, policy, before) => {
    if (before.bannedBecause !== null && policy.bannedBecause === null) localWorkers.startRefused();
  });
  parts.registry.listen({
    left: ({ name }) =>
      localWorkers.missed(name, () => [...parts.registry.table.values()].some((one) => one.name === name)),
  });
  closers.push(() => localWorkers.stop());
  // First of all, while stages can still tell their timings.
  closers.push(() => parts.generator.stop());
  closers.push(() => parts.generator.drain(1000 * config.stopWait));
  const url = `http://${isWildcard(config.host) ? 'localhost' : localHost}:${port}`;
  const terminal = process.stderr.isTTY ? process.stderr : undefined;
  const joining = {
    ownUrl: url,
    apiKey: identity.apiKey,
    joinToken: identity.joinToken,
    administering: describeAdministering(access.password.isSet, config.behindProxy !== undefined),
    joinTokenSource: config.joinToken ? 'the one you gave' : `in ${path.join(data, identityFileName)}`,
    apiKeySource: config.apiKey ? 'the one you gave' : `in ${path.join(data, identityFileName)}`,
  };
  explainJoining({ logger, terminal }, reachability(), joining);
  if (terminal) void ready.promise.then(() => sayReady(terminal, reachability(), joining));
  return { url, ready: ready.promise };
}

/** Who may change things, for the log. */
function describeAdministering(hasPassword: boolean, isBehindProxy: boolean): string {
  if (hasPassword) return 'changing things needs the admin password, on this machine too';
  if (!isBehindProxy)
    return 'whoever is on this machine may change everything until an admin password is chosen in the settings';
  return 'there is no admin password yet, so nobody can change things in the app: start with POTLUCK_ADMIN_PASSWORD';
}

/** Keys, conversations and the weights of gated models lie there: nobody else on this machine gets in. */
async function prepareDirectory(directory: string, logger: Logger): Promise<void> {
  try {
    await makeDirectory(directory, 0o700);
    await access(directory, constants.W_OK | constants.X_OK);
    switch (await keepPrivate(directory, identityFileName)) {
      case 'private':
        break;
      case 'corrected':
        logger.info({ directory }, "other users of this machine can't open the data directory any more");
        break;
      case 'open':
        logger.warn(
          { directory },
          'other users of this machine can open the data directory: take their rights away (chmod 700), or choose a folder of its own with --data',
        );
    }
  } catch (cause) {
    throw new StartError(
      `the data directory ${directory} can't be used: ${messageOf(cause)}. Choose another with --data.`,
      { cause },
    );
  }
}

/** Two hubs on the same data would undo each other's work. */
function lockData(directory: string): DirectoryLock {
  try {
    return lockDirectory(directory);
  } catch (cause) {
    if (cause instanceof DirectoryInUseError) {
      const owner = cause.processId === undefined ? '' : ` (process id ${cause.processId})`;
      throw new StartError(
        `another hub${owner} uses the data directory ${directory}. Stop that one, or choose another directory with --data.`,
        { cause },
      );
    }
    throw new StartError(
      `the data directory ${directory} can't be locked: ${messageOf(cause)}. Choose another with --data.`,
      { cause },
    );
  }
}

function withOverrides(identity: HubIdentity, { joinToken, apiKey }: HubConfig): HubIdentity {
  return { ...identity, ...(joinToken ? { joinToken } : {}), ...(apiKey ? { apiKey } : {}) };
}

/** Workers of one machine share its memory and its cores. */
function shareOfMachine({ localWorkers, workerMemoryBytes, threads }: HubConfig): {
  memoryBytes: number;
  threads?: number;
} {
  const count = Math.max(1, localWorkers);
  const ownThreads =
    threads ?? (count > 1 ? Math.max(1, Math.floor(availableParallelism() / count)) : undefined);
  return {
    memoryBytes: workerMemoryBytes ?? Math.floor(effectiveMemoryBytes() / 2 / count),
    ...(ownThreads === undefined ? {} : { threads: ownThreads }),
  };
}

/** A hub at a free port, as tests start them, takes a free one for STUN too. */
function stunInit({ stunPort, port, host }: HubConfig): StunServerInit {
  const wanted = stunPort ?? (port === 0 ? 0 : undefined);
  return { ...(wanted !== undefined && { port: wanted }), ...(isWildcard(host) ? {} : { host }) };
}

function iceOf(
  { turn, turnUsername, turnCredential }: HubConfig,
  stunPort: number | undefined,
): IceServersInit {
  return {
    ...(stunPort !== undefined && { stunPort }),
    ...(turn && { turn }),
    ...(turnUsername !== undefined && { turnUsername }),
    ...(turnCredential !== undefined && { turnCredential }),
  };
}
