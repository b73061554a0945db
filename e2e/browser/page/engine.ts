/** A page around the engine of a tab and nothing else. */
import { webWorkerStageHost } from '@potluck/browser-worker/engine';
import { silentLog, type StageArtifact } from '@potluck/worker';
import { topTokens } from '../support/topTokens.ts';

/** An artifact that can be handed to a page: weights in memory. */
export interface ArtifactInMemory extends Pick<StageArtifact, 'description' | 'graph'> {
  weights: { path: string; data: Uint8Array<ArrayBuffer> }[];
}

type Backend = Parameters<typeof webWorkerStageHost>[1]['backend'];

declare global {
  /** @returns as `topTokens` does, for stages that run one after the other in this tab */
  var topTokensOn: (
    backend: Backend,
    artifacts: ArtifactInMemory[],
    sequences: number[][],
  ) => Promise<number[][]>;
}

globalThis.topTokensOn = async (backend, artifacts, sequences) => {
  const lost = Promise.withResolvers<never>();
  const host = webWorkerStageHost(
    { log: silentLog },
    {
      backend,
      wasmThreads: 1,
      subgroups: true,
      onLost: (reason) => lost.reject(new Error(reason)),
    },
  );
  try {
    await host.start();
    return await Promise.race([topTokens(host, artifacts, sequences), lost.promise]);
  } finally {
    host.close();
  }
};
