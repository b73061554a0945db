/** What a hub has behind its ports: identity, database, models, local workers, and the application that answers. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { effectiveMemoryBytes } from '@potluck/machine';
import type { LastTrouble } from '@potluck/command-line';
import type { Logger } from 'pino';
import { loadAccess } from '../accounts/accessControl.ts';
import { writeLocalKey } from '../accounts/localKey.ts';
import { identityFileName, keepJoinToken, loadIdentity, type HubIdentity } from '../accounts/secrets.ts';
import type { Database } from '../database/database.ts';
import { dataFolders } from '../files/dataFolders.ts';
import { trustedProxies } from '../http/trustedProxies.ts';
import { BlobStore } from '../models/blobStore.ts';
import { LibraryCatalogue } from '../models/libraryCatalogue.ts';
import { ModelLibrary } from '../models/modelLibrary.ts';
import type { Fetch } from '../network/fetch.ts';
import { explainJoining, sayReady } from '../network/reachability/explainJoining.ts';
import { publicAddresses } from '../network/reachability/givenAddress.ts';
import type { SharedState } from '../http/management/collectDiagnostics.ts';
import {
  bracketed,
  hostsOf,
  isWildcard,
  namedHosts,
  type Reachability,
} from '../network/reachability/reachability.ts';
import type { IceServersInit } from '../network/stun/iceServers.ts';
import { HubSettings } from '../settings/hubSettings.ts';
import { LocalWorkers } from '../workers/local/localWorkers.ts';
import { assembleHub } from './assembleHub.ts';
import type { HubConfig } from './config.ts';
import type { Doors } from './openDoors.ts';
import { claimAlone, openStores } from './openStores.ts';
import { restoreDeployments } from './restoreDeployments.ts';

export interface GridComponents {
  logger: Logger;
  /** That the logger is told. */
  trouble: LastTrouble | undefined;
  doors: Pick<Doors, 'port' | 'https' | 'stunPort'>;
  /** Called with what answers, once that can be asked. @param isDraining true once it takes no new requests for answers */
  answer: (fetch: Fetch, isDraining: () => boolean) => void;
  /** Called with what is waited for until then. */
  starting?: (waitsFor: 'database' | 'model') => void;
  /** What ends all of it, in the order in which it began. */
  closers: (() => Promise<void> | void)[];
  /** Ends the wait for the database. */
  signal?: AbortSignal | undefined;
  /** Where several hubs serve one grid. */
  shared?: SharedGrid;
}

/** What the hub that leads has to do with the others. */
export interface SharedGrid {
  /** Makes the database this hub's, before anything is written. @throws Error where another hub leads */
  claim(database: Database): Promise<void>;
  /** Called when answers under way have just been stopped, and before anybody hears of that: the next leader goes on with them. */
  letGo(): void;
  /** True where another hub leads: answers under way are not waited for. */
  isLost(): boolean;
  /** How what the hubs share is. */
  state: () => SharedState;
  /** Further metrics, in Prometheus' format. */
  metrics: () => Promise<string>;
}

export interface ServedGrid {
  url: string;
  /** Resolves when the hub can answer: a model is served, or no local workers were asked for. */
  ready: Promise<void>;
}

/**
 * Begins to serve.
 * @param data the data directory, which nobody else serves from
 * @throws StartError, ModelError, StorageError or DatabaseError
 */
export async function serveGrid(
  { logger, trouble, doors, answer, starting, closers, signal, shared }: GridComponents,
  config: HubConfig,
  data: string,
): Promise<ServedGrid> {
  const { port, https, stunPort } = doors;
  const identity = withOverrides(await loadIdentity(data), config);
  starting?.('database');
  const database = await openStores(config, data, logger, signal);
  closers.push(() => database.close());
  starting?.('model');
  await (shared ? shared.claim(database) : claimAlone(database, config));
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

  const blobs = new BlobStore(path.join(data, dataFolders.blobs));
  const library = new ModelLibrary(path.join(data, dataFolders.models), blobs, logger);
  const { contextLength } = config;
  const catalogue = await LibraryCatalogue.load(library, {
    logger,
    ...(contextLength === undefined ? {} : { contextLength }),
  });
  closers.push(() => catalogue.close());
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
      directory: path.join(data, dataFolders.workers),
      blobsDirectory: path.join(data, dataFolders.blobs),
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
      ...(shared && { shared }),
      proxies: trustedProxies(config.behindProxy ?? []),
      dataDirectory: data,
      ice: iceOf(config, stunPort),
    },
  );
  closers.push(() => parts.stop(shared?.isLost() ? 'this hub leads no more' : undefined));
  const { app, deployments, servings } = parts;
  const ready = Promise.withResolvers<void>();
  deployments.listen({ ready: () => ready.resolve() });
  await restoreDeployments(
    {
      catalogue,
      deployments,
      database,
      servings,
      nodes: parts.nodes,
      logger,
      takesOver: shared !== undefined,
    },
    config,
  );
  if (config.localWorkers === 0 || deployments.list.length === 0) ready.resolve();
  answer(
    (request, environment) => app.fetch(request, environment),
    () => parts.generator.isDraining,
  );
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
  // Pages keep the grid as it was: its devices leave because this hub stops. Of several hubs, the next one tells what follows.
  if (!shared) closers.push(() => parts.stopTelling());
  // First of all, while stages can still tell their timings.
  closers.push(() => {
    const stopped = parts.generator.stop();
    shared?.letGo();
    return stopped;
  });
  closers.push(() => parts.generator.drain(shared?.isLost() ? 0 : 1000 * config.stopWait));
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
