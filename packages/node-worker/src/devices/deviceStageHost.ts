/** Stages on this machine's devices, each in a thread of its own. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { StageHost } from '@potluck/engine';
import { selfTestingStageHost, type Log } from '@potluck/worker';
import { threadStageHost, type ThreadStageHost } from '../engine-thread/threadStageHost.ts';
import { choosingStageHost } from './choosingStageHost.ts';
import { deviceVerdicts, modelKind } from './deviceVerdicts.ts';
import type { FoundDevice } from './findDevices.ts';
import type { Provider } from './probeDevice.ts';

export interface DeviceStageHostInit {
  devices: readonly FoundDevice[];
  /** ONNX Runtime's own choice where undefined. */
  threads: number | undefined;
  /** The worker's data directory: it keeps which device is faster for what. */
  directory: string;
}

export function deviceStageHost(
  { log }: { log: Log },
  { devices, threads, directory }: DeviceStageHostInit,
): ThreadStageHost {
  const threadHosts: ThreadStageHost[] = [];
  const open = (provider: Provider): ThreadStageHost => threadStageHost({ log }, { provider, threads });
  const hosts = devices.map(({ kind }) => {
    const host = open(kind);
    threadHosts.push(host);
    return { kind, host: kind === 'cpu' ? host : tested(kind, host) };
  });

  /** A GPU may compute wrong answers, and the processor knows the right ones. */
  function tested(kind: Provider, host: StageHost): StageHost {
    return selfTestingStageHost(
      { host, log, openReference: () => open('cpu') },
      { onWrong: (reason) => log.error({ device: kind, reason }, `${kind} failed its test: ${reason}`) },
    );
  }

  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return {
    ...choosingStageHost({
      hosts,
      verdicts: deviceVerdicts({ log }, join(directory, 'devices.json')),
      kindOf: (stage) => modelKind(stage, devices, version),
      log,
    }),
    close: async () => {
      await Promise.all(threadHosts.map((host) => host.close()));
    },
  };
}
