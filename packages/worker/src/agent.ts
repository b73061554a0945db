/** The worker agent: joins a hub, serves the stages that it is given, talks to peers. The host brings the ports. */
import type { StageHost } from '@potluck/engine';
import {
  maxHeldStages,
  maxNamedBlobs,
  type Assign,
  type Device,
  type FromWorkerMessage,
  type InstanceId,
  type Welcome,
  type WorkerId,
  type WorkerPresence,
} from '@potluck/protocol';
import type { AgentEvent } from './agentEvent.ts';
import { Assignment } from './assignment/assignment.ts';
import { encodeAtStage } from './assignment/encodeAtStage.ts';
import { BlobCache } from './blobs/blobCache.ts';
import type { BlobStore } from './blobs/blobStore.ts';
import { machineClock, type Clock } from './clock.ts';
import { deferred, type Deferred } from './deferred.ts';
import { RefusedByHubError, SessionError } from './errors.ts';
import { HubConnection, type HubRequest } from './hub-connection/hubConnection.ts';
import type { OpenHubSocket } from './hub-connection/hubSocket.ts';
import { readLeaderEpoch } from './hub-connection/leaderEpoch.ts';
import { LoadMeter } from './load/loadMeter.ts';
import { meteredStageHost } from './load/meteredStageHost.ts';
import type { Log } from './log.ts';
import { messageOf } from './messageOf.ts';
import type { DirectConnector } from './peers/directConnector.ts';
import { PeerLinks } from './peers/peerLinks.ts';
import type { PeerTransport } from './peers/peerTransport.ts';
import { FrameRouter } from './sessions/frameRouter.ts';
import { neighbours } from './sessions/stagePlace.ts';
import type { StageSessions } from './sessions/stageSessions.ts';
import { StagePool } from './stage-host/stagePool.ts';
import { WorkerNames } from './workerNames.ts';

export interface WorkerAgentComponents {
  openSocket: OpenHubSocket;
  fetch: typeof fetch;
  blobStore: BlobStore;
  stageHost: StageHost;
  /** Undefined where the host has no WebRTC. */
  connector: DirectConnector | undefined;
  log: Log;
  /** Resident memory of this process, in bytes; missing where the host can't know it. */
  processBytes?: () => number;
  /** Room for more weights where they are kept, in bytes; missing where the host can't know it. */
  freeDiskBytes?: () => Promise<number | undefined>;
  /** Told what happens, at once; must not throw. */
  observe?: (event: AgentEvent) => void;
  /** From [0, 1). Default: Math.random. */
  random?: () => number;
  /** Tells when the hub was away for too long. Default: the machine's own. */
  clock?: Clock;
}

export interface WorkerAgentInit {
  hubUrl: string;
  /** Join token. */
  token: string;
  workerId: WorkerId;
  instanceId: InstanceId;
  name: string;
  kind: 'node' | 'browser';
  version: string;
  device: Device;
  /** See `Hello`. */
  machine?: string;
  /** Weights, caches and working memory of all stages may take this much. */
  memoryBytes: number;
  /** How long a direct connection may take before the relay is used. Default 5 s. */
  directDeadlineMs?: number;
}

/** A running agent. */
export interface WorkerAgent {
  /** Resolves after `stop`; rejects with RefusedByHubError if the hub will not have this worker. */
  readonly finished: Promise<void>;
  /** Messages, frames and slices from outside that were refused. */
  readonly refused: number;
  /** Takes a connection to a peer that the host made by itself. */
  addTransport(peer: WorkerId, transport: PeerTransport): void;
  /** Says whether people see this worker at work; told to the hub now and after each welcome. */
  setPresence(presence: WorkerPresence['state']): void;
  /** Tries to reach the hub at once if it is away: the network is back, or the machine woke up. */
  wake(): void;
  /**
   * Asks the hub for nothing new. Resolves when it has taken all stages away, which it does as soon as the answers under
   * way have ended, or when there is no hub that could.
   */
  drain(): Promise<void>;
  /** Says goodbye, frees all stages. */
  stop(reason?: string): Promise<void>;
}

/** How long stages stay loaded for a hub that is away. */
const heldForMs = 15 * 60_000;

/** Starts an agent. It keeps trying to reach the hub until it is stopped or refused. */
export function startWorkerAgent(components: WorkerAgentComponents, init: WorkerAgentInit): WorkerAgent {
  const { observe, clock = machineClock } = components;
  const names = new WorkerNames();
  const log = names.naming(components.log);
  const { workerId, hubUrl, token, directDeadlineMs, ...about } = init;
  const finished = deferred<void>();
  const assignments = new Map<string, Assignment>();
  let presence: WorkerPresence['state'] | undefined;
  /** Calls off that stages are forgotten; set while the hub is away. */
  let keepStages: (() => void) | undefined;
  /** Set when this worker wants nothing new. */
  let drained: Deferred<void> | undefined;

  const blobs = new BlobCache({
    store: components.blobStore,
    source: { hubUrl, token, fetch: components.fetch },
    log,
    onOverflow: () => observe?.({ type: 'in-memory' }),
  });
  const load: LoadMeter = new LoadMeter({
    used: () => pool.used(),
    processBytes: components.processBytes,
    disk: async () => {
      const freeBytes = await components.freeDiskBytes?.();
      const { bytes: weightBytes } = await components.blobStore.usage();
      return { weightBytes, ...(freeBytes === undefined ? {} : { freeBytes }) };
    },
    report: (message) => {
      if (hub.connected) hub.send({ type: 'load', ...message });
    },
  });
  const pool: StagePool = new StagePool(
    { log, host: meteredStageHost(components.stageHost, load) },
    { memoryBytes: init.memoryBytes },
  );

  const hub = new HubConnection(
    {
      ...{ openSocket: components.openSocket, log },
      leaderEpoch: () => readLeaderEpoch({ hubUrl, fetch: components.fetch }),
      ...(components.random && { random: components.random }),
    },
    {
      hubUrl,
      hello: async () => ({
        token,
        workerId,
        ...about,
        cachedBlobs: (await blobs.list()).slice(-maxNamedBlobs),
        heldStages: [...assignments.values()].flatMap(({ held }) => held ?? []).slice(0, maxHeldStages),
      }),
    },
    {
      onWelcome,
      onMessage: (message) => {
        // A fault while handling one message must not take the others down.
        try {
          receive(message);
        } catch (error) {
          log.error({ type: message.type, error: messageOf(error) }, 'could not handle a message of the hub');
        }
      },
      onRelay: (bytes) => links.receiveRelay(bytes),
      onAway: (reason) => observe?.({ type: 'hub-away', reason }),
      onLost: () => {
        links.onHubLost();
        keepStages = clock.after(heldForMs, forgetStages);
        tellDrained();
      },
      onLeaseEnded: () =>
        eachSessions((sessions) => sessions.failAll(new SessionError('stage-gone', 'the hub is gone'))),
      onRefused: ({ code, message }) => {
        log.error({}, `the hub refuses this worker: ${message}`);
        void end(new RefusedByHubError(code, message));
      },
    },
  );

  const links = new PeerLinks(
    {
      hub: { send: sendToHub, sendBinary: (bytes) => hub.sendBinary(bytes) },
      connector: components.connector,
      log,
    },
    {
      hubUrl,
      workerId,
      isIdle: () => openSessions() === 0,
      ...(directDeadlineMs !== undefined && { directDeadlineMs }),
    },
    {
      onFrame: (peer, bytes, relayed) => frames.receive(peer, bytes, relayed),
      onBroken: (peer, code, reason) =>
        eachSessions((sessions) =>
          sessions.failAll(new SessionError(code, reason, { peer }), (place) =>
            neighbours(place, workerId).has(peer),
          ),
        ),
    },
  );

  const frames = new FrameRouter(
    { assignments, log, sendToPeer: (peer, sessionId, bytes) => links.send(peer, sessionId, bytes) },
    { workerId },
  );

  function sendToHub(message: FromWorkerMessage): void {
    if (message.type === 'stage-report') observe?.({ type: 'stage', report: message });
    else if (message.type === 'peer-report') observe?.({ type: 'peer', report: message });
    hub.send(message);
    tellDrained();
  }

  function tellDrained(): void {
    const live = [...assignments.values()].some(({ state }) => state !== 'failed' && state !== 'released');
    if (!live || !hub.connected) drained?.resolve();
  }

  /** The hub has been away for so long that somebody else may want the memory. */
  function forgetStages(): void {
    for (const assignment of assignments.values())
      void assignment.release('the hub has been away for too long');
    assignments.clear();
    wantPeers();
  }

  function onWelcome(welcome: Welcome): void {
    keepStages?.();
    const { waitsForApproval = false } = welcome;
    observe?.({ type: 'joined', waitsForApproval });
    void load.restart();
    if (presence) hub.send({ type: 'presence', state: presence });
    log.info(
      { hub: hubUrl, hubId: welcome.hubId },
      waitsForApproval
        ? 'joined the hub; whoever runs the hub must approve this device first'
        : 'joined the hub',
    );
    links.onWelcome(welcome);
    for (const assignment of assignments.values()) assignment.report();
  }

  function receive(message: HubRequest): void {
    if (message.type === 'assign') return void assign(message);
    const assignment = assignments.get(message.assignmentId);
    const sessions = assignment?.sessions;
    switch (message.type) {
      case 'release':
        assignments.delete(message.assignmentId);
        wantPeers();
        if (assignment) void assignment.release();
        else {
          sendToHub({ type: 'stage-report', assignmentId: message.assignmentId, state: 'released' });
        }
        return;
      case 'open-session':
      case 'resume-session':
      case 'prompt': {
        if (!sessions || assignment.state !== 'ready') {
          const { sessionId, assignmentId, epoch } = message;
          const text = `the stage is ${assignment?.state ?? 'unknown'} here`;
          hub.send({
            type: 'session-failed',
            sessionId,
            assignmentId,
            epoch,
            code: 'stage-gone',
            message: text,
          });
        } else if (message.type === 'open-session') void sessions.open(message);
        else if (message.type === 'resume-session') void sessions.resume(message);
        else void sessions.prompt(message);
        return;
      }
      case 'close-session':
        void sessions?.close(message);
        return;
      case 'drop-caches':
        sessions?.drop(message.cacheIds);
        return;
      case 'encode':
        if (assignment) void assignment.encode(message);
        else void encodeAtStage(message, undefined, { sendToHub, log });
        return;
    }
  }

  async function assign(message: Assign): Promise<void> {
    const { assignmentId, stages, stageIndex, epoch } = message;
    if (stages[stageIndex]?.workerId !== workerId || stages[stageIndex].assignmentId !== assignmentId) {
      const reason = 'the assignment is not for this worker';
      sendToHub({ type: 'stage-report', assignmentId, state: 'failed', reason });
      return;
    }
    names.learn(stages);
    observe?.({ type: 'assigned', message });
    const known = assignments.get(assignmentId);
    if (known && known.state !== 'failed') {
      if (epoch < known.message.epoch) return;
      if (JSON.stringify(known.message.stage) === JSON.stringify(message.stage)) {
        const moved = JSON.stringify(known.message) !== JSON.stringify(message);
        if (!moved) return known.report();
        const replaced = known.replace(message);
        wantPeers();
        return replaced;
      }
      await known.release('replaced by another stage');
    }
    const assignment = new Assignment(
      {
        workerId,
        pool,
        blobs,
        log,
        sendToHub,
        onBlob: (blob, doneBytes, cached) => observe?.({ type: 'blob', blob, doneBytes, cached }),
        sendFrame: (peer, frame) => frames.send(peer, frame),
        drained: (peer) => links.drained(peer),
        peerReady: (peer) => links.ready(peer),
      },
      message,
    );
    assignments.set(assignmentId, assignment);
    wantPeers();
    await assignment.run();
  }

  function wantPeers(): void {
    const live = [...assignments.values()].filter(({ state }) => state !== 'failed' && state !== 'released');
    links.want(new Set(live.flatMap(({ message }) => [...neighbours(message, workerId)])));
  }

  function openSessions(): number {
    return [...assignments.values()].reduce((sum, { sessions }) => sum + (sessions?.count ?? 0), 0);
  }

  function eachSessions(visit: (sessions: StageSessions) => void): void {
    for (const { sessions } of assignments.values()) if (sessions) visit(sessions);
  }

  let ending: Promise<void> | undefined;
  function end(error?: Error, reason?: string): Promise<void> {
    ending ??= (async () => {
      load.stop();
      keepStages?.();
      hub.stop(reason);
      tellDrained();
      links.close();
      await Promise.all([...assignments.values()].map((assignment) => assignment.release(reason)));
      if (error) finished.reject(error);
      else finished.resolve();
    })();
    return ending;
  }

  hub.start();
  return {
    finished: finished.promise,
    get refused() {
      return frames.refused + hub.refusedMessages + links.refusedMessages;
    },
    addTransport: (peer, transport) => links.addTransport(peer, transport),
    setPresence: (state) => {
      if (state === presence) return;
      presence = state;
      if (hub.connected) hub.send({ type: 'presence', state });
    },
    wake: () => hub.wake(),
    drain() {
      if (!drained && hub.connected) hub.send({ type: 'leaving' });
      drained ??= deferred<void>();
      tellDrained();
      return drained.promise;
    },
    stop: (reason) => end(undefined, reason),
  };
}
