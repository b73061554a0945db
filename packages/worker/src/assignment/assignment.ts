/** One assignment's life: assigned, downloading, compiling, warming, connecting, ready. */
import type { LoadedStage } from '@potluck/engine';
import type { Assign, Encode, FromWorkerMessage, HeldStage, StageState, WorkerId } from '@potluck/protocol';
import type { BlobCache } from '../blobs/blobCache.ts';
import { SessionError } from '../errors.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import { neighbours } from '../sessions/stagePlace.ts';
import { StageSessions, type StageSessionsComponents } from '../sessions/stageSessions.ts';
import type { StageTrial } from '../stage-host/tryStage.ts';
import type { StageLease, StagePool } from '../stage-host/stagePool.ts';
import { blobsOf, fetchBlobs, withArtifact, type ArtifactWatcher } from './fetchArtifact.ts';
import { encodeAtStage } from './encodeAtStage.ts';
import { Watchdog } from './watchdog.ts';

const progressEveryMs = 500;

export interface AssignmentComponents extends Omit<StageSessionsComponents, 'caches'> {
  workerId: WorkerId;
  pool: StagePool;
  blobs: BlobCache;
  /** Resolves when the peer can be sent to. */
  peerReady: (peer: WorkerId) => Promise<void>;
  sendToHub: (message: FromWorkerMessage) => void;
  /** Told how much of a blob is here. */
  onBlob: ArtifactWatcher['onBlob'];
  log: Log;
}

export class Assignment {
  readonly #components: AssignmentComponents;
  #message: Assign;
  #state: StageState = 'assigned';
  #reason: string | undefined;
  #progress: { doneBytes: number; totalBytes: number } | undefined;
  #progressReportedAt = 0;
  #lease: StageLease | undefined;
  /** Lets the stage's blobs be evicted. */
  #letGo: (() => void) | undefined;
  #trial: StageTrial = {};
  #computesWith: string | undefined;
  #watchdog: Watchdog | undefined;
  /** From the time that the stage is in memory. */
  sessions: StageSessions | undefined;
  #loaded: LoadedStage | undefined;

  constructor(components: AssignmentComponents, message: Assign) {
    this.#components = components;
    this.#message = message;
  }

  get message(): Assign {
    return this.#message;
  }

  get state(): StageState {
    return this.#state;
  }

  /** What a hub that was started again is told of it; undefined where nothing is here. */
  get held(): HeldStage | undefined {
    if (this.#isFinal() || !this.#lease) return undefined;
    const { assignmentId, stage } = this.#message;
    const { model, graph, weightBytes } = stage;
    return { assignmentId, model, graph: graph.sha256, bytes: weightBytes + this.#lease.cacheBytes };
  }

  /** Brings the stage to `ready`, or to `failed` with a reason. Never rejects. */
  async run(): Promise<void> {
    this.report();
    const watchdog = new Watchdog(this.#message.deadlineMs, () => this.#state);
    this.#watchdog = watchdog;
    const { stage } = this.#message;
    try {
      this.#lease = this.#components.pool.reserve(stage, this.#message.cacheBytes);
      const letGo = await this.#components.blobs.hold(blobsOf(stage));
      if (this.#isFinal()) return letGo();
      this.#letGo = letGo;
      const loaded = await this.#load(this.#lease, watchdog);
      if (this.#isFinal()) return;
      this.#loaded = loaded;
      const { caches } = this.#lease;
      this.sessions = new StageSessions({ ...this.#components, caches }, this.#message);
      loaded.lost.catch((error: unknown) => this.#stageLost(error));
      await this.#connect(watchdog);
    } catch (error) {
      await this.#giveUp('failed', messageOf(error));
    } finally {
      watchdog.stop();
    }
  }

  /** Takes a new place for the stage that is loaded already, or other room for its caches. */
  async replace(message: Assign): Promise<void> {
    const before = this.#message;
    this.#message = message;
    const resized = this.#resize(message);
    if (!this.sessions) return this.report();
    this.sessions.place = message;
    await resized;
    // What it serves goes on meanwhile.
    if (isSamePlace(before, message)) return this.report();
    const watchdog = new Watchdog(message.deadlineMs, () => this.#state);
    this.#watchdog = watchdog;
    try {
      await this.#connect(watchdog);
    } catch (error) {
      await this.#giveUp('failed', messageOf(error));
    } finally {
      watchdog.stop();
    }
  }

  /** The room that its caches had stays, where that can't be changed: the report says how much there is. */
  async #resize({ cacheBytes }: Assign): Promise<void> {
    try {
      await this.#lease?.resize(cacheBytes);
    } catch (error) {
      this.#components.log.warn({ error: messageOf(error) }, 'could not change the room for caches');
    }
  }

  /** Runs a text through the encoder that this stage is, and answers the hub. Never rejects. */
  async encode(message: Encode): Promise<void> {
    await encodeAtStage(message, this.#state === 'ready' ? this.#loaded : undefined, this.#components);
  }

  /** Gives the stage up. */
  async release(reason?: string): Promise<void> {
    await this.#giveUp('released', reason);
  }

  /** Tells the hub the present state. */
  report(): void {
    const { assignmentId } = this.#message;
    this.#components.sendToHub({
      type: 'stage-report',
      assignmentId,
      state: this.#state,
      ...(this.#reason !== undefined && { reason: this.#reason }),
      ...(this.#state === 'downloading' && this.#progress && { progress: this.#progress }),
      ...(this.#state === 'ready' && this.#lease && { cacheBytes: this.#lease.cacheBytes }),
      ...(this.#state === 'ready' && this.#trial),
      ...(this.#state === 'ready' &&
        this.#computesWith !== undefined && { computesWith: this.#computesWith }),
    });
  }

  async #load(lease: StageLease, watchdog: Watchdog): Promise<LoadedStage> {
    try {
      return await this.#fetchAndLoad(lease, watchdog);
    } catch (error) {
      if (!lease.isShared) await this.#components.blobs.drop(blobsOf(this.#message.stage));
      throw error;
    }
  }

  async #fetchAndLoad(lease: StageLease, watchdog: Watchdog): Promise<LoadedStage> {
    const { stage, runShape } = this.#message;
    const watcher: ArtifactWatcher = {
      onProgress: (doneBytes, totalBytes) => this.#progressed(watchdog, doneBytes, totalBytes),
      onNote: (note) => {
        this.#reason = note;
        this.report();
      },
      onBlob: this.#components.onBlob,
      signal: watchdog.signal,
    };
    const isShared = lease.isShared;
    if (!isShared) {
      this.#enter('downloading');
      await watchdog.guard(fetchBlobs(this.#components.blobs, stage, watcher));
      this.#enter('compiling');
    }
    const loading = lease.load(
      (host) =>
        withArtifact(this.#components.blobs, stage, watcher, (artifact) =>
          host({ ...artifact, ...(runShape && { runShape }) }),
        ),
      (note) => {
        watchdog.moved();
        watcher.onNote(note);
      },
    );
    const loaded = await watchdog.guard(loading);
    this.#computesWith = loaded.computesWith;
    if (!isShared) this.#enter('warming');
    this.#trial = await watchdog.guard(lease.warmUp(loaded, this.#message.promptTrials));
    return loaded;
  }

  async #connect(watchdog: Watchdog): Promise<void> {
    const { workerId, peerReady } = this.#components;
    const peers = [...neighbours(this.#message, workerId)];
    this.#enter('connecting', peers.length > 0 ? 'waits for a connection to its neighbours' : undefined);
    await watchdog.guard(Promise.all(peers.map((peer) => peerReady(peer))));
    this.#enter('ready');
  }

  #progressed(watchdog: Watchdog, doneBytes: number, totalBytes: number): void {
    watchdog.moved();
    if (totalBytes === 0) return;
    this.#progress = { doneBytes: Math.max(0, doneBytes), totalBytes };
    const now = performance.now();
    if (now - this.#progressReportedAt < progressEveryMs && doneBytes < totalBytes) return;
    this.#progressReportedAt = now;
    this.report();
  }

  #enter(state: StageState, reason?: string): void {
    if (this.#isFinal()) return;
    this.#state = state;
    this.#reason = reason;
    this.#watchdog?.moved();
    const { assignmentId, stageIndex, stages, stage } = this.#message;
    this.#components.log.info(
      { assignmentId, model: stage.model, layers: `${stage.firstLayer}-${stage.lastLayer}`, reason },
      `stage ${stageIndex + 1} of ${stages.length} ${state}`,
    );
    this.report();
  }

  #isFinal(): boolean {
    return this.#state === 'failed' || this.#state === 'released';
  }

  #stageLost(error: unknown): void {
    void this.#giveUp('failed', messageOf(error), 'compute-failed');
  }

  async #giveUp(
    state: 'failed' | 'released',
    reason: string | undefined,
    code: 'compute-failed' | 'stage-gone' = 'stage-gone',
  ): Promise<void> {
    if (this.#isFinal()) return;
    this.#watchdog?.abort(reason ?? 'the stage was released');
    this.sessions?.failAll(new SessionError(code, reason ?? 'the stage was released'));
    if (state === 'failed') this.#enter(state, reason);
    else this.#state = state;
    this.#letGo?.();
    await this.#lease?.release().catch((error: unknown) => {
      this.#components.log.warn({ error: messageOf(error) }, 'could not unload a stage');
    });
    if (state === 'failed') return;
    this.#components.log.info({ assignmentId: this.#message.assignmentId }, 'stage released');
    this.#reason = reason;
    this.report();
  }
}

/** Whether nothing is different but the room for caches. */
function isSamePlace(one: Assign, other: Assign): boolean {
  const [place, otherPlace] = [one, other].map((message) =>
    JSON.stringify({ ...message, cacheBytes: undefined }),
  );
  return place === otherPlace;
}
