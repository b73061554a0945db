/** The stages in memory and the budget that they share; assignments of one graph share one stage. */
import type { LoadedStage, StageArtifact, StageHost } from '@potluck/engine';
import { mostFullSessions, workingMemoryBytes, type StageDescription } from '@potluck/protocol';
import { AssignmentError } from '../errors.ts';
import { layersOf } from '../layersOf.ts';
import type { Log } from '../log.ts';
import { StageCaches } from '../sessions/stageCaches.ts';
import { tryStage, type StageTrial } from './tryStage.ts';

/** A stage is refused where not even one session of this many tokens would fit. */
const leastCacheTokens = 256;

/**
 * Part of a stage's room for caches that retained boundary tensors may take: half a layer's cache a token or so, and stages
 * have many layers. What it can't hold is computed again from the tokens when a worker is lost.
 */
const retainedShare = 1 / 16;

/** A share of a stage. */
export interface StageLease {
  /** What caches may take now; less, once the stage is loaded, where its host took some of it for weights. */
  readonly cacheBytes: number;
  /** True where the stage is in memory, or being loaded, for another assignment. */
  readonly isShared: boolean;
  /** The loaded stage's caches, the same for all its shares. @throws AssignmentError before `load` */
  readonly caches: StageCaches;
  /**
   * The stage, with the room for caches that its last share is to have; only the first one's `give` is called, unless that
   * fails: it hands the artifact to the host.
   */
  load(give: GiveArtifact, onProgress?: (note: string) => void): Promise<LoadedStage>;
  /** Warms the loaded stage up and times it, once for all its shares: the first one's `promptTrials` count. */
  warmUp(stage: LoadedStage, promptTrials?: readonly number[]): Promise<StageTrial>;
  /** As `StagePool.reserve` says it, for the stage that is reserved: the room changes as soon as the stage is loaded. */
  resize(mostCacheBytes?: number): Promise<void>;
  /** Unloads the stage with its last share. */
  release(): Promise<void>;
}

/** Gets the artifact, hands it over and cleans up after it. */
export type GiveArtifact = (load: (artifact: StageArtifact) => Promise<LoadedStage>) => Promise<LoadedStage>;

interface Entry extends CacheRoom {
  key: string;
  stage: StageDescription;
  shares: number;
  /** What the last one who reserved it, or resized it, wants for caches at most. */
  mostCacheBytes: number;
  caches: StageCaches | undefined;
  /** What the host took of the caches' room. */
  unpackedBytes: number;
  /** From the time that it is in memory. */
  loaded: LoadedStage | undefined;
  loading: Promise<LoadedStage> | undefined;
  warming: Promise<StageTrial> | undefined;
}

/** What a stage may take beside its weights, in bytes. */
interface CacheRoom {
  cacheBytes: number;
  /** What retained boundary tensors may take. */
  retainBytes: number;
}

export class StagePool {
  readonly #host: StageHost;
  readonly #log: Log;
  readonly #memoryBytes: number;
  readonly #entries = new Map<string, Entry>();

  constructor({ host, log }: { host: StageHost; log: Log }, { memoryBytes }: { memoryBytes: number }) {
    this.#host = host;
    this.#log = log;
    this.#memoryBytes = memoryBytes;
  }

  /** What the stages in memory use now, in bytes: weights, unpacked copies included, and open caches. */
  async used(): Promise<{ weights: number; caches: number }> {
    const used = { weights: 0, caches: 0 };
    for (const { loaded, caches, stage, unpackedBytes } of [...this.#entries.values()]) {
      if (!loaded) continue;
      try {
        const { reservedBytes } = await loaded.usage();
        used.weights += stage.weightBytes + unpackedBytes;
        used.caches += reservedBytes + (caches?.retainedBytes ?? 0);
      } catch {
        // It went away meanwhile, and uses nothing.
      }
    }
    return used;
  }

  /**
   * A stage that is in memory already stays as it is; its caches get the room that is asked for now.
   * @param mostCacheBytes less than the budget allows, where the hub wants room for other stages
   * @throws AssignmentError if weights and the least useful cache do not fit into the budget
   */
  reserve(stage: StageDescription, mostCacheBytes = Infinity): StageLease {
    const key = keyOf(stage);
    const entry = this.#entries.get(key) ?? this.#enter(key, stage, mostCacheBytes);
    entry.mostCacheBytes = mostCacheBytes;
    entry.shares++;
    let released = false;
    return {
      get cacheBytes() {
        return entry.cacheBytes;
      },
      get isShared() {
        return entry.loading !== undefined;
      },
      get caches() {
        if (!entry.caches) throw new AssignmentError('the stage is not in memory');
        return entry.caches;
      },
      load: async (give, onProgress) => {
        const loaded = await this.#load(entry, give, onProgress);
        await this.#resize(entry);
        return loaded;
      },
      resize: (bytes = Infinity) => {
        entry.mostCacheBytes = bytes;
        return this.#resize(entry);
      },
      warmUp: (loaded, promptTrials = []) => (entry.warming ??= tryStage(loaded, stage, promptTrials)),
      release: async () => {
        if (released) return;
        released = true;
        entry.shares--;
        if (entry.shares === 0) await this.#unload(entry);
      },
    };
  }

  #enter(key: string, stage: StageDescription, mostCacheBytes: number): Entry {
    const others = this.#takenByOthers();
    const named = [stage.graph, ...stage.packs].reduce((sum, { size }) => sum + size, 0);
    if (named > this.#memoryBytes - others) {
      throw new AssignmentError(
        `${layersOf(stage)} of ${stage.model} name ${megabytes(named)} to download; ` +
          `the budget is ${megabytes(this.#memoryBytes)}` +
          (others > 0 ? `, of which other stages reserve ${megabytes(others)}` : ''),
      );
    }
    const free = this.#memoryBytes - others - withWorkingMemory(stage.weightBytes);
    const least = leastCacheBytes(stage);
    if (free < least) {
      throw new AssignmentError(
        `${layersOf(stage)} of ${stage.model} need ${megabytes(withWorkingMemory(stage.weightBytes))} ` +
          `for weights and ${megabytes(least)} for the smallest cache; the budget is ${megabytes(this.#memoryBytes)}` +
          (others > 0 ? `, of which other stages reserve ${megabytes(others)}` : ''),
      );
    }
    const entry = {
      key,
      stage,
      shares: 0,
      mostCacheBytes,
      ...roomOf(stage, free, mostCacheBytes),
      caches: undefined,
      unpackedBytes: 0,
      loaded: undefined,
      loading: undefined,
      warming: undefined,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** What stages in memory take, in bytes: all, or all but one. */
  #takenByOthers(entry?: Entry): number {
    return [...this.#entries.values()].reduce(
      (sum, other) => sum + (other === entry ? 0 : takenBy(other)),
      0,
    );
  }

  /** Gives a loaded stage's caches the room that they are to have, as far as other stages leave it. */
  async #resize(entry: Entry): Promise<void> {
    const { stage, caches, unpackedBytes, mostCacheBytes } = entry;
    if (!caches) return;
    const free = this.#memoryBytes - this.#takenByOthers(entry) - withWorkingMemory(stage.weightBytes);
    const { cacheBytes, retainBytes } = roomOf(stage, free, mostCacheBytes);
    const room = { cacheBytes: Math.max(leastCacheBytes(stage), cacheBytes - unpackedBytes), retainBytes };
    if (room.cacheBytes === entry.cacheBytes && retainBytes === entry.retainBytes) return;
    Object.assign(entry, room);
    await caches.resize(room);
  }

  async #load(entry: Entry, give: GiveArtifact, onProgress?: (note: string) => void): Promise<LoadedStage> {
    const running = entry.loading;
    if (running) {
      try {
        return await running;
      } catch {
        // Whoever loaded it has given up, or could not: perhaps this one can.
        if (entry.loading === running) entry.loading = undefined;
        return this.#load(entry, give, onProgress);
      }
    }
    entry.loading = (async () => {
      const stage = await give((artifact) => this.#host.load(artifact, entry.cacheBytes, onProgress));
      stage.lost.catch(() => this.#forget(entry));
      const { cacheBytes } = stage;
      entry.unpackedBytes = entry.cacheBytes - cacheBytes;
      entry.cacheBytes = cacheBytes;
      entry.loaded = stage;
      entry.caches = new StageCaches({ stage, log: this.#log }, entry);
      return stage;
    })();
    return entry.loading;
  }

  async #unload(entry: Entry): Promise<void> {
    const stage = await entry.loading?.catch(() => undefined);
    // Somebody may have taken a share meanwhile.
    if (entry.shares > 0) return;
    this.#forget(entry);
    await stage?.dispose();
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
    entry.caches?.dispose();
  }
}

const withWorkingMemory = (weightBytes: number): number => weightBytes + workingMemoryBytes(weightBytes);

const takenBy = ({ stage, cacheBytes, retainBytes, unpackedBytes }: Entry): number =>
  withWorkingMemory(stage.weightBytes) + cacheBytes + retainBytes + unpackedBytes;

const contextBytes = ({ cacheBytesPerToken, stateBytes }: StageDescription, tokens: number): number =>
  tokens * cacheBytesPerToken + stateBytes;

const leastCacheBytes = (stage: StageDescription): number =>
  contextBytes(stage, Math.min(leastCacheTokens, stage.contextLength));

/** @param free what other stages and the stage's own weights leave, in bytes */
function roomOf(stage: StageDescription, free: number, mostCacheBytes: number): CacheRoom {
  const least = leastCacheBytes(stage);
  const most = mostFullSessions * contextBytes(stage, stage.contextLength);
  const allBytes = Math.floor(Math.max(least, Math.min(free, most, mostCacheBytes)));
  const isLast = stage.boundaryOut.length === 0;
  const retainBytes = isLast ? 0 : Math.min(Math.floor(allBytes * retainedShare), allBytes - least);
  return { cacheBytes: allBytes - retainBytes, retainBytes };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Graphs of two fine-tunes may be equal byte for byte: the weights are part of a stage's identity. */
function keyOf({ graph, weights }: StageDescription): string {
  return JSON.stringify([graph.sha256, weights]);
}
