/** A stage host with several devices: each kind of model is tried on all of them once, and served by the fastest. */
import type { LoadedStage, StageArtifact, StageHost } from '@potluck/engine';
import type { StageDescription } from '@potluck/protocol';
import { measureStage, messageOf, type Log } from '@potluck/worker';
import { decideDevice, type DeviceTrial, type Verdict } from './decideDevice.ts';
import type { DeviceVerdicts } from './deviceVerdicts.ts';
import type { Provider } from './probeDevice.ts';

export interface DeviceHost {
  kind: Provider;
  host: StageHost;
}

export interface ChoosingStageHostComponents {
  /** The likeliest to be fast first; at least one. */
  hosts: readonly DeviceHost[];
  verdicts: DeviceVerdicts;
  /** What a stage's verdict is kept under. */
  kindOf: (stage: StageDescription) => string;
  log: Log;
}

type LoadRequest = Parameters<StageHost['load']>;

export function choosingStageHost(components: ChoosingStageHostComponents): StageHost {
  const { hosts, verdicts, kindOf, log } = components;
  const hostOf = (kind: Provider): StageHost | undefined => hosts.find((one) => one.kind === kind)?.host;

  function tell(stage: StageDescription, { kind, reason }: Verdict, kept: string): void {
    log.info({ device: kind, reason }, `computes ${stage.model} with ${reason}${kept}`);
  }

  async function serveKnown(...request: LoadRequest): Promise<LoadedStage | undefined> {
    const [artifact, cacheBytes, onProgress] = request;
    const verdict = verdicts.find(kindOf(artifact.description));
    const host = verdict && hostOf(verdict.kind);
    if (!host) return undefined;
    try {
      const stage = await host.load(copyOf(artifact), cacheBytes, onProgress);
      tell(artifact.description, verdict, ' (measured before)');
      return { ...stage, computesWith: verdict.reason };
    } catch (error) {
      log.warn(
        { device: verdict.kind, reason: messageOf(error) },
        `${verdict.kind} can't load the stage now`,
      );
      return undefined;
    }
  }

  async function tryAll(...request: LoadRequest): Promise<LoadedStage> {
    const [artifact, cacheBytes, onProgress] = request;
    const { description } = artifact;
    const trials: DeviceTrial[] = [];
    const failures: unknown[] = [];
    let last: { kind: Provider; stage: LoadedStage } | undefined;
    // One after the other, since the memory is given for one of them. The likeliest comes last and can stay.
    for (const { kind, host } of hosts.toReversed()) {
      await last?.stage.dispose();
      last = undefined;
      try {
        onProgress?.(`tries ${kind}: loads the stage`);
        const stage = await host.load(copyOf(artifact), cacheBytes, onProgress);
        last = { kind, stage };
        onProgress?.(`tries ${kind}: measures the stage`);
        trials.push({ kind, outcome: await measureStage(stage, description) });
      } catch (error) {
        failures.push(error);
        trials.push({ kind, outcome: { problem: messageOf(error) } });
        await last?.stage.dispose().catch(() => undefined);
        last = undefined;
      }
    }
    const verdict = decideDevice(trials);
    if (!verdict) throw failures.at(-1);
    // What failed may have failed for a passing reason.
    if (failures.length === 0) verdicts.keep(kindOf(description), verdict);
    tell(description, verdict, '');
    if (last?.kind === verdict.kind) return { ...last.stage, computesWith: verdict.reason };
    await last?.stage.dispose();
    const host = hostOf(verdict.kind) as StageHost;
    onProgress?.(`loads the stage with ${verdict.kind}, which was the fastest`);
    return { ...(await host.load(copyOf(artifact), cacheBytes, onProgress)), computesWith: verdict.reason };
  }

  return {
    async load(...request) {
      const [only] = hosts;
      if (hosts.length === 1 && only) return only.host.load(...request);
      return (await serveKnown(...request)) ?? (await tryAll(...request));
    },
  };
}

/** Hosts take buffers away. Weights are files in most cases, which they leave. */
function copyOf(artifact: StageArtifact): StageArtifact {
  return {
    ...artifact,
    graph: artifact.graph.slice(),
    weights: artifact.weights.map(({ path, data }) => ({
      path,
      data: data instanceof Blob ? data : data.slice(),
    })),
  };
}
