/** A page around the engine of a tab and nothing else. There is one for each backend, which ends with the page. */
import { webWorkerStageHost } from '@potluck/browser-worker/engine';
import type { StageArtifact, StageHost, StepShape } from '@potluck/engine';
import { exerciseCompany, type CompanyAnswers } from '@potluck/engine/testing/company';
import { exerciseStage, type StageAnswers } from '@potluck/engine/testing/exercise';
import { silentLog } from '@potluck/worker';
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
  /** @returns what a whole model answered in this tab, see `exerciseStage` */
  var exerciseOn: (backend: Backend, artifact: ArtifactInMemory) => Promise<StageAnswers>;
  /** @returns what sessions of a whole model answered in this tab, see `exerciseCompany`, and in which shape their steps ran */
  var companyOn: (
    backend: Backend,
    artifact: ArtifactInMemory,
    sessions: number,
    steps: number,
  ) => Promise<CompanyAnswers & { stepShape: StepShape }>;
}

globalThis.topTokensOn = (backend, artifacts, sequences) =>
  withEngine(backend, (host) => topTokens(host, artifacts, sequences));

globalThis.exerciseOn = (backend, artifact) =>
  withEngine(backend, async (host) => exerciseStage(await host.load(artifact, 64e6)));

globalThis.companyOn = (backend, artifact, sessions, steps) =>
  withEngine(backend, async (host) => {
    const stage = await host.load(artifact, 64e6);
    return { stepShape: stage.stepShape, ...(await exerciseCompany(stage, sessions, steps)) };
  });

interface Engine {
  host: StageHost;
  /** Rejects when the GPU is gone or the runtime broken. */
  lost: Promise<never>;
}

const engines = new Map<Backend, Promise<Engine>>();

async function withEngine<Result>(
  backend: Backend,
  use: (host: StageHost) => Promise<Result>,
): Promise<Result> {
  const engine = engines.get(backend) ?? startEngine(backend);
  engines.set(backend, engine);
  const { host, lost } = await engine;
  return Promise.race([use(host), lost]);
}

async function startEngine(backend: Backend): Promise<Engine> {
  const lost = Promise.withResolvers<never>();
  const onLost = (reason: string): void => lost.reject(new Error(reason));
  const host = webWorkerStageHost({ log: silentLog }, { backend, wasmThreads: 1, subgroups: true, onLost });
  await Promise.race([host.start(), lost.promise]);
  return { host, lost: lost.promise };
}
