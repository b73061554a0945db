/** The port behind which stages are computed: in this process, in a thread, in a web worker. */
import type { Stage, StageArtifact } from './stage.ts';

/** A stage as a host gives it: what computes it may be gone. */
export interface LoadedStage extends Stage {
  /** Which device computes it, and why, for people; where the host had a choice. */
  readonly computesWith?: string;
  /** Rejects when the stage is gone without having been disposed of. */
  readonly lost: Promise<never>;
}

export interface StageHost {
  /**
   * @param cacheBytes what caches may take in all
   * @param onProgress told what is done now, for people, by hosts that load in several parts: each part may take as long as
   * a whole load does elsewhere
   */
  load(
    artifact: StageArtifact,
    cacheBytes: number,
    onProgress?: (note: string) => void,
  ): Promise<LoadedStage>;
}
