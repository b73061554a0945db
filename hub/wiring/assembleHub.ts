/** Puts the parts of a hub together around a catalogue of models and a database. Opens nothing by itself. */
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { WorkerId, type IceServers } from '@potluck/protocol';
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import type { AccessControl } from '../accounts/accessControl.ts';
import { KeyUse } from '../accounts/keyUse.ts';
import { GrammarTrials } from '../models/grammars/grammarTrials.ts';
import { createApp } from '../http/app.ts';
import { ProxySigns } from '../accounts/proxySigns.ts';
import { ConversationKeeper } from '../conversations/conversationKeeper.ts';
import { Dialer } from '../workers/dialing/dialer.ts';
import type { Database } from '../database/database.ts';
import { dataFolders } from '../files/dataFolders.ts';
import { WriteQueue } from '../files/writeQueue.ts';
import { HubMetrics } from '../live/metrics/hubMetrics.ts';
import { observeHub } from '../live/metrics/observedHub.ts';
import { watchLoop } from '../live/loopDelay.ts';
import { embeddedEventBus } from '../live/embeddedEventBus.ts';
import type { EventBus } from '../live/eventBus.ts';
import { History } from '../live/history.ts';
import { StateClock } from '../live/stateClock.ts';
import { liveHub } from '../live/liveHub.ts';
import { viewRefused } from '../live/views/activityView.ts';
import { Encodings } from '../generation/encodings/encodings.ts';
import { Generator } from '../generation/generator.ts';
import { Servings } from '../generation/servings.ts';
import { RefusedRequests } from '../generation/refusedRequests.ts';
import type { RequestRecord } from '../generation/requestRecord.ts';
import type { SharedState } from '../http/management/collectDiagnostics.ts';
import type { ReachabilityComponents } from '../http/management/reachability.ts';
import { hubCookies } from '../http/cookies.ts';
import { builtPagesDirectory } from '../http/pages.ts';
import type { TrustedProxies } from '../http/trustedProxies.ts';
import type { DownloadInit } from '../models/imports/downloadFile.ts';
import { Imports } from '../models/imports/imports.ts';
import type { BlobStore } from '../models/blobStore.ts';
import type { Catalogue } from '../models/catalogue.ts';
import { defaultModel } from '../pipelines/defaultModel.ts';
import { Deployments } from '../pipelines/deployments.ts';
import { OnDemand } from '../pipelines/onDemand.ts';
import { Operator } from '../pipelines/operator.ts';
import type { HubIdentity } from '../accounts/secrets.ts';
import { Journal } from '../generation/journal/journal.ts';
import type { JournalEntry } from '../generation/journal/journalEntry.ts';
import { SuspendedAnswers } from '../generation/journal/suspendedAnswers.ts';
import { messageOf } from '../errors/messageOf.ts';
import { goOnWithAnswers, leaveInterrupted } from './goOnWithAnswers.ts';
import { applyRetention } from './applyRetention.ts';
import type { HubSettings } from '../settings/hubSettings.ts';
import { SignallingRoom } from '../network/signalling/signallingRoom.ts';
import { SignallingTokens } from '../accounts/signallingTokens.ts';
import { Trials } from '../network/signalling/trials.ts';
import { hubVersion } from '../network/hubVersion.ts';
import { admitDevice } from '../workers/admitDevice.ts';
import { NodeBook } from '../workers/nodeBook.ts';
import { NodeStatistics } from '../workers/nodeStatistics.ts';
import { iceServers, type IceServersInit } from '../network/stun/iceServers.ts';
import { RefusalLog } from '../workers/refusalLog.ts';
import { Relay } from '../workers/relay.ts';
import { SpeedBook } from '../workers/speedBook.ts';
import { Strangers } from '../workers/strangers.ts';
import { WorkerRegistry } from '../workers/workerRegistry.ts';
import { workerSocketRoute } from '../workers/workerSocketRoute.ts';
import { whatFollows } from './whatFollows.ts';

export interface HubComponents {
  catalogue: Catalogue;
  blobs: BlobStore;
  database: Database;
  access: AccessControl;
  settings: HubSettings;
  logger: Logger;
  /** Default: one in memory. */
  bus?: EventBus;
  reachability: ReachabilityComponents;
  /** Answers that the last run of the hub left unfinished. Default: none. */
  unfinished?: readonly JournalEntry[];
  /** Last lines of the log that say that something is wrong. Default: none. */
  lastTrouble?: (() => readonly string[]) | undefined;
  /** How many workers, beside those that are here, are just being started. Default: none. */
  workersStarting?: (present: ReadonlySet<string>) => number;
}

export interface HubInit {
  identity: HubIdentity;
  forceRelay: boolean;
  /** Proxies whose X-Forwarded-* headers are believed; where there are any, nobody asks without a key. Default: none. */
  proxies?: TrustedProxies;
  /** Opens everything; see writeLocalKey. Default: there is none. */
  localKey?: string;
  /** Opens `/metrics`, and nothing else. Default: there is none. */
  metricsToken?: string | undefined;
  /** Where several hubs serve one grid, this one leads. Default: it is alone. */
  shared?: {
    /** How what the hubs share is. */
    state: () => SharedState;
    /** Further metrics, in the same format. */
    metrics: () => Promise<string>;
  };
  /** Where everything is kept. */
  dataDirectory: string;
  download?: DownloadInit;
  /** How workers find a way to each other. Default: without any server. */
  ice?: IceServersInit;
  /** Silence after which a worker is gone, in milliseconds. Default 15 000. */
  leaseMs?: number;
  /** Longest time without progress in one state of an assignment, in milliseconds. Default 120 000. */
  stageDeadlineMs?: number;
  /** How long stages that were loaded elsewhere wait for a moment without answers, in milliseconds. Default 30 000. */
  movePatienceMs?: number;
  /** Requests that may wait for cache room of one pipeline. Default: what the settings say. */
  queueLimit?: number;
  /** Shortest time after which an answer that stands still is given up, in milliseconds. Default 30,000. */
  leastDeadlineMs?: number;
  /** How long an answer whose devices were lost waits for others, in milliseconds. Default 60,000. */
  recoveryMs?: number;
  /** How much of that time it waits for devices with room for its longest end, before less room is enough. Default 5,000. */
  roomPatienceMs?: number;
  /** How long an answer that a restart interrupted waits for its client, in milliseconds. Default 600,000. */
  clientWaitMs?: number;
}

export interface HubParts {
  app: Hono;
  registry: WorkerRegistry;
  nodes: NodeBook;
  deployments: Deployments;
  servings: Servings;
  generator: Generator;
  operator: Operator;
  onDemand: OnDemand;
  /** Goes on with the answers of the last run that need no client. Called once the models are deployed. */
  goOn(): void;
  /** Tells all workers to go and writes what is still to be written. @param why for the log; default: the hub is shutting down */
  stop(why?: string): Promise<void>;
  /** Pages that follow what happens hear nothing more. */
  stopTelling(): void;
}

const defaultLeaseMs = 15_000;
/** Of the lease: how often one of several hubs says something to each worker. */
const wordPart = 1 / 3;
/** Compiling a large stage for a GPU, without any sign of life, was seen to take more than half a minute. */
const defaultStageDeadlineMs = 120_000;
const defaultMovePatienceMs = 30_000;
/** Whoever asks for diagnostics waits no longer for the database, in milliseconds. */
const mostStorageMs = 3000;
const defaultClientWaitMs = 600_000;

export async function assembleHub(components: HubComponents, init: HubInit): Promise<HubParts> {
  const { catalogue, blobs, database, access, settings, logger } = components;
  const { identity, forceRelay } = init;
  const areNeighbours = (one: WorkerId, other: WorkerId): boolean => deployments.areNeighbours(one, other);
  const standIns = (id: WorkerId): readonly WorkerId[] => deployments.standInsOf(id);
  const isUsed = (id: WorkerId): boolean => deployments.uses(id);
  const leaseMs = init.leaseMs ?? defaultLeaseMs;
  const registry = new WorkerRegistry(
    { logger, areNeighbours, standIns, isUsed },
    // Workers of several hubs listen whether this one stands still.
    { leaseMs, ...(init.shared && { wordEveryMs: Math.round(leaseMs * wordPart) }) },
  );
  const writes = new WriteQueue(logger);
  const nodes = new NodeBook(
    {
      policies: await database.nodes.policies(),
      names: await database.nodes.names(),
      instances: await database.nodes.instances(),
    },
    (id, policy) => writes.write('a decision about a node', () => database.nodes.putPolicy(id, policy)),
  );
  const tokens = new SignallingTokens();
  const trials = new Trials({ tokens, expel: (id) => room.expel(id) });
  const room: SignallingRoom = new SignallingRoom({
    mayReach: (from, to) => {
      if (trials.mayReach(from, to)) return true;
      const [one, other] = [WorkerId.safeParse(from).data, WorkerId.safeParse(to).data];
      return one !== undefined && other !== undefined && areNeighbours(one, other);
    },
  });
  const namesPresent = (): Set<string> =>
    new Set([...registry.table.values()].map(({ reportedName }) => reportedName));
  const speeds = new SpeedBook(await database.nodes.speeds(), (id, speed) =>
    writes.write('the speed of a node', () => database.nodes.putSpeed(id, speed)),
  );
  const deployments = new Deployments(
    {
      registry,
      nodes,
      speeds,
      logger,
      standbyShare: () => components.settings.current.standbyShare,
      workersStarting: () => components.workersStarting?.(namesPresent()) ?? 0,
    },
    {
      stageDeadlineMs: init.stageDeadlineMs ?? defaultStageDeadlineMs,
      movePatienceMs: init.movePatienceMs ?? defaultMovePatienceMs,
    },
  );
  const keyUse = new KeyUse({
    tokensOf: (keyId, since) => database.requests.tokensOf(keyId, since),
    isAway: () => database.isAway(),
    logger,
  });
  const record = (one: RequestRecord): void => {
    writes.write('a request', () => database.requests.put(one));
    if (one.keyId !== null && one.status !== 'running')
      keyUse.used(one.keyId, one.promptTokens + one.completionTokens);
  };
  const journal = new Journal({ store: database.journal, writes });
  const suspended = new SuspendedAnswers(components.unfinished ?? [], {
    waitMs: init.clientWaitMs ?? defaultClientWaitMs,
    onOver: (entries) => {
      journal.drop(entries.map(({ id }) => id));
      for (const entry of entries) leaveInterrupted({ database, writes }, entry);
    },
  });
  const stopping = new AbortController();
  const deadline = init.leastDeadlineMs === undefined ? {} : { leastDeadlineMs: init.leastDeadlineMs };
  const patience = init.recoveryMs === undefined ? {} : { recoveryMs: init.recoveryMs };
  const servings = new Servings(
    { deployments, registry, logger },
    {
      queueLimit: () => init.queueLimit ?? settings.current.queueLimit,
      ...patience,
      ...(init.roomPatienceMs === undefined ? {} : { roomPatienceMs: init.roomPatienceMs }),
    },
  );
  const generator = new Generator({ deployments, servings, registry, record, journal, logger }, deadline);
  const encodings = new Encodings(
    {
      ...{ deployments, servings, registry, record, logger },
      ended: ({ stages }) => statistics.requestEnded(stages),
    },
    { ...deadline, ...patience },
  );
  const operator = new Operator({
    catalogue,
    deployments,
    nodes,
    store: database.deployments,
  });
  const statistics = new NodeStatistics();
  const bus = components.bus ?? embeddedEventBus();
  const imports = await Imports.load(
    {
      catalogue,
      store: database.imports,
      settings,
      logger,
      deploy: async (model) => {
        // Fetched once more, a model keeps the plan that the operator gave it.
        if (!deployments.find(model)) await operator.deploy(model, { mode: 'automatic', replicas: 1 });
      },
      replace: (model) => operator.replaceModel(model),
    },
    {
      directory: path.join(init.dataDirectory, dataFolders.imports),
      ...(init.download ? { download: init.download } : {}),
    },
  );
  const onDemand = await OnDemand.load({
    catalogue,
    deployments,
    operator,
    values: database.values,
    settings: () => settings.current,
    isAnswering: (id) => generator.running.some(({ model }) => model === id),
    logger,
  });
  generator.listen({ ended: ({ model }) => onDemand.used(model) });
  const chooseDefault = (): string | undefined =>
    defaultModel(deployments.list, settings.current.defaultModel) ?? onDemand.defaultModel;
  const states = new StateClock();
  const live = liveHub({
    states,
    registry,
    deployments,
    generator,
    nodes,
    statistics,
    catalogue,
    imports,
    bus,
    defaultModel: chooseDefault,
    settings: () => settings.current,
  });
  const refused = new RefusedRequests({
    record,
    trim: (most) =>
      writes.write(
        'a limit of refused requests',
        async () => void (await database.requests.trimRefused(most)),
      ),
    refused: (one) => live.end('requests', one.id, { type: 'request', request: viewRefused(one) }),
  });
  const loopDelay = watchLoop();
  const relay = new Relay(registry, areNeighbours);
  const metrics = new HubMetrics(() =>
    observeHub({ version: hubVersion, registry, nodes, deployments, generator, relay, loopDelay }),
  );
  const history = new History({
    store: database.history,
    write: (what, write) => writes.write(what, write),
  });
  history.note('hub-started', { detail: { version: hubVersion } });
  whatFollows({
    history,
    states,
    metrics,
    registry,
    nodes,
    deployments,
    generator,
    encodings,
    settings,
    catalogue,
    imports,
    tokens,
    room,
    speeds,
    statistics,
    live,
    database,
    writes,
    logger,
  });
  const endRetention = applyRetention({ settings, database, logger });
  const signalling = { path: '/peerjs', key: 'peerjs' };
  const leaderEpoch = init.shared?.state().epoch;
  const iceServersAt = (hubHost: string | undefined): IceServers =>
    iceServers(init.ice ?? {}, hubHost, settings.turnServer);
  const workerSocket = workerSocketRoute(
    {
      registry,
      relay,
      refusals: new RefusalLog({
        logger,
        refused: ({ code, worker, reason }) =>
          history.note('node-refused', {
            node: worker === undefined || nodes.nameOf(worker) === worker ? null : nodes.nameOf(worker),
            detail: { code, reason },
          }),
      }),
      issueSignallingToken: (workerId) => tokens.issue(workerId),
      // Who joined in time comes back as long as it runs, though nobody new gets in.
      joinTokenId: (hello) =>
        access.joinTokens.idOf(hello.token) ??
        (nodes.isBack(hello) ? access.joinTokens.expiredIdOf(hello.token) : undefined),
      nodes,
      admit: ({ isKnown, joinTokenId }) =>
        admitDevice(settings.current.newDevices, {
          isKnown,
          isTrusted: access.joinTokens.isTrusted(joinTokenId),
        }),
      strangers: new Strangers(),
    },
    {
      hubId: identity.hubId,
      leaderEpoch,
      signalling,
      iceServers: iceServersAt,
      forceRelay,
    },
  );
  /** @param more said where something is wrong */
  const keptTrouble = (more = ''): string | undefined => {
    const trouble = database.trouble() ?? writes.trouble;
    return trouble === undefined ? undefined : `${trouble} ${more}`.trimEnd();
  };
  const cookies = hubCookies(identity.hubId);
  const proxySigns = new ProxySigns({ logger });
  const { app, goOn } = createApp({
    registry,
    deployments,
    generator,
    encodings,
    operator,
    nodes,
    statistics,
    catalogue,
    imports,
    onDemand,
    defaultModel: chooseDefault,
    database,
    writes,
    bus,
    live,
    loopDelay,
    leaderEpoch,
    metrics: { metrics, token: init.metricsToken, further: init.shared?.metrics },
    trouble: () => keptTrouble(keyUse.trouble) ?? init.shared?.state().trouble,
    storage: async () => {
      // That a server is away is found out by asking it.
      const asked = database.values.get('asked-for-diagnostics').catch(() => undefined);
      await Promise.race([asked, setTimeout(mostStorageMs, undefined, { ref: false })]);
      return { kind: database.kind, trouble: keptTrouble() };
    },
    hubs: init.shared?.state,
    ...access,
    hub: { id: identity.hubId, version: hubVersion },
    conversations: new ConversationKeeper({ store: database.conversations, writes }),
    responses: database.responses,
    grammars: new GrammarTrials(),
    goingOn: {
      ...{ suspended, requests: database.requests, writes },
      isAway: () => database.isAway(),
      isAnswering: (id) => generator.find(id) !== undefined,
    },
    keyUse,
    settings: () => settings.current,
    hubSettings: settings,
    refused,
    history,
    states,
    blobs,
    dialer: new Dialer(
      {
        registry,
        trials,
        joinTokens: access.joinTokens,
        reachability: components.reachability.reachability,
        iceServers: iceServersAt,
      },
      { hubId: identity.hubId, signalling, forceRelay },
    ),
    lastTrouble: components.lastTrouble ?? (() => []),
    workerSocket,
    signalling: { room, key: signalling.key, mayEnter: (id, token) => tokens.accepts(id, token) },
    cookies,
    proxies: init.proxies,
    proxySigns,
    callers: {
      ...access,
      cookies,
      trustLocal: () => settings.current.trustLocal,
      hasPassword: () => access.password.isSet,
      localKey: init.localKey,
      proxySigns,
      hasBalancer: init.shared !== undefined,
    },
    reachability: { ...components.reachability, stunPort: init.ice?.stunPort },
    dataDirectory: init.dataDirectory,
    pagesDirectory: builtPagesDirectory,
    stopping: stopping.signal,
    logger,
  });
  return {
    app,
    registry,
    nodes,
    deployments,
    servings,
    generator,
    operator,
    onDemand,
    goOn: () => {
      goOnWithAnswers({ suspended, goOn, logger }, stopping.signal).catch((error: unknown) => {
        logger.error({ reason: messageOf(error) }, 'answers of the last run do not go on');
      });
    },
    stopTelling: () => live.stop(),
    stop: async (why) => {
      stopping.abort();
      suspended.stop();
      onDemand.stop();
      await imports.stop();
      encodings.stop();
      deployments.stop(why);
      registry.stop(why);
      live.stop();
      endRetention();
      loopDelay.stop();
      room.stop();
      journal.flush();
      await writes.end();
    },
  };
}
