/** The stages in memory and the budget that they share; assignments of one graph share one stage. */
import type { LoadedStage, StageArtifact, StageHost } from '@potluck/engine';
import { mostFullSessions, workingMemoryBytes, type StageDescription } from '@potluck/protocol';
import { AssignmentError } from '../errors.ts';
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
  /** What caches may take; less, once the stage is loaded, where its host took some of it for weights. */
  readonly cacheBytes: number;
  /** True where the stage is in memory, or being loaded, for another assignment. */
  readonly isShared: boolean;
  /** The loaded stage's caches, the same for all its shares. @throws AssignmentError before `load` */
  readonly caches: StageCaches;
  /** The stage; only the first one's `give` is called, unless that fails: it hands the artifact to the host. */
  load(give: GiveArtifact, onProgress?: (note: string) => void): Promise<LoadedStage>;
  /** Warms the loaded stage up and times it, once for all its shares: the first one's `promptTrials` count. */
  warmUp(stage: LoadedStage, promptTrials?: readonly number[]): Promise<StageTrial>;
  /** Unloads the stage with its last share. */
  release(): Promise<void>;
}

/** Gets the artifact, hands it over and cleans up after it. */
export type GiveArtifact = (load: (artifact: StageArtifact) => Promise<LoadedStage>) => Promise<LoadedStage>;

interface Entry {
  key: string;
  shares: number;
  weightBytes: number;
  cacheBytes: number;
  /** What retained boundary tensors may take. */
  retainBytes: number;
  caches: StageCaches | undefined;
  /** What the host took of the caches' room. */
  unpackedBytes: number;
  /** From the time that it is in memory. */
  loaded: LoadedStage | undefined;
  loading: Promise<LoadedStage> | undefined;
  warming: Promise<StageTrial> | undefined;
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
    for (const { loaded, caches, weightBytes, unpackedBytes } of [...this.#entries.values()]) {
      if (!loaded) continue;
      try {
        const { reservedBytes } = await loaded.usage();
        used.weights += weightBytes + unpackedBytes;
        used.caches += reservedBytes + (caches?.retainedBytes ?? 0);
      } catch {
        // It went away meanwhile, and uses nothing.
      }
    }
    return used;
  }

  /**
   * @param mostCacheBytes less than the budget allows, where the hub wants room for other stages
   * @throws AssignmentError if weights and the least useful cache do not fit into the budget
   */
  reserve(stage: StageDescription, mostCacheBytes = Infinity): StageLease {
    const key = keyOf(stage);
    const entry = this.#entries.get(key) ?? this.#enter(key, stage, mostCacheBytes);
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
      load: (give, onProgress) => this.#load(entry, give, onProgress),
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
    const others = [...this.#entries.values()].reduce((sum, other) => sum + takenBy(other), 0);
    const named = [stage.graph, ...stage.packs].reduce((sum, { size }) => sum + size, 0);
    if (named > this.#memoryBytes - others) {
      throw new AssignmentError(
        `layers ${stage.firstLayer} to ${stage.lastLayer} of ${stage.model} name ${megabytes(named)} to download; ` +
          `the budget is ${megabytes(this.#memoryBytes)}` +
          (others > 0 ? `, of which other stages reserve ${megabytes(others)}` : ''),
      );
    }
    const free = this.#memoryBytes - others - withWorkingMemory(stage.weightBytes);
    const contextBytes = (tokens: number): number => tokens * stage.cacheBytesPerToken + stage.stateBytes;
    const least = contextBytes(Math.min(leastCacheTokens, stage.contextLength));
    if (free < least) {
      throw new AssignmentError(
        `layers ${stage.firstLayer} to ${stage.lastLayer} of ${stage.model} need ${megabytes(withWorkingMemory(stage.weightBytes))} ` +
          `for weights and ${megabytes(least)} for the smallest cache; the budget is ${megabytes(this.#memoryBytes)}` +
          (others > 0 ? `, of which other stages reserve ${megabytes(others)}` : ''),
      );
    }
    const most = mostFullSessions * contextBytes(stage.contextLength);
    const allBytes = Math.floor(Math.min(free, most, Math.max(least, mostCacheBytes)));
    const isLast = stage.boundaryOut.length === 0;
    const retainBytes = isLast ? 0 : Math.min(Math.floor(allBytes * retainedShare), allBytes - least);
    const cacheBytes = allBytes - retainBytes;
    const entry = {
      key,
      shares: 0,
      weightBytes: stage.weightBytes,
      cacheBytes,
      retainBytes,
      caches: undefined,
      unpackedBytes: 0,
      loaded: undefined,
      loading: undefined,
      warming: undefined,
    };
    this.#entries.set(key, entry);
    return entry;
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

const takenBy = ({ weightBytes, cacheBytes, retainBytes, unpackedBytes }: Entry): number =>
  withWorkingMemory(weightBytes) + cacheBytes + retainBytes + unpackedBytes;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Graphs of two fine-tunes may be equal byte for byte: the weights are part of a stage's identity. */
function keyOf({ graph, weights }: StageDescription): string {
  return JSON.stringify([graph.sha256, weights]);
}
