/** Entry of the web worker in which the agent lives: timers run there also while the tab is hidden. */
import type { StageHost } from '@potluck/engine';
import {
  RefusedByHubError,
  messageOf,
  selfTestingStageHost,
  startWorkerAgent,
  webSocketOpener,
  type Log,
  type WorkerAgent,
} from '@potluck/worker';
import { expose } from 'comlink';
import '@potluck/engine/comlink-errors';
import { estimateStorage } from '../device/estimateStorage.ts';
import { webWorkerStageHost, type WebWorkerStageHost } from '../engine/webWorkerStageHost.ts';
import type { TabEvent } from '../snapshot.ts';
import { pageConnector } from '../web-rtc/pageConnector.ts';
import type { TabAgentApi, TabAgentEvent } from './agentApi.ts';
import { countingStageHost } from './countingStageHost.ts';
import { gatherBlobEvents } from './gatherBlobEvents.ts';
import { openBlobStore } from './openBlobStore.ts';
import { throttle } from './throttle.ts';

/** What `hello` says; the package's version. */
const version = '0.1.0';
/** Pages need no more than this many counts a second. */
const tellEveryMs = 200;

let agent: WorkerAgent | undefined;
let engine: WebWorkerStageHost | undefined;
let observer: (event: TabAgentEvent) => void = () => undefined;

const log: Log = {
  debug: () => undefined,
  info: (fields, message) => tellLog('info', fields, message),
  warn: (fields, message) => tellLog('warning', fields, message),
  error: (fields, message) => tellLog('error', fields, message),
};
const blobStore = openBlobStore(log);

const api: TabAgentApi = {
  async start(init, observe) {
    observer = (event) => observe(event);
    const { connections, backend, wasmThreads, subgroups, ...about } = init;
    const started = webWorkerStageHost(
      { log },
      {
        ...{ backend, wasmThreads, subgroups },
        onLost: (reason) => observer({ type: 'device-lost', reason }),
      },
    );
    engine = started;
    try {
      const device = await started.start();
      const { store, kept } = await blobStore;
      if (!kept) observer({ type: 'in-memory' });
      const tellServed = throttle(tellEveryMs, () => {
        observer({
          type: 'served',
          served: counting.counts(),
        });
      });
      const counting = countingStageHost(backend === 'webgpu' ? tested(started) : started, tellServed);
      agent = startWorkerAgent(
        {
          openSocket: webSocketOpener(WebSocket),
          fetch: (...request) => fetch(...request),
          blobStore: store,
          stageHost: counting.host,
          connector: connections && pageConnector({ port: connections, log }),
          log,
          freeDiskBytes,
          observe: gatherBlobEvents((event) => observer(event), tellEveryMs),
        },
        { ...about, kind: 'browser', version, device },
      );
      agent.finished.catch((error: unknown) => {
        const code = error instanceof RefusedByHubError ? error.code : undefined;
        observer({ type: 'refused', reason: messageOf(error), code });
      });
      return device;
    } catch (error) {
      started.close();
      throw error;
    }
  },
  setPresence: async (presence) => agent?.setPresence(presence),
  wake: async () => agent?.wake(),
  drain: async () => agent?.drain(),
  async stop(reason) {
    await agent?.stop(reason);
    agent = undefined;
    engine?.close();
    engine = undefined;
  },
};

/** The GPU is compared with the processor before a stage is served. */
function tested(host: StageHost): StageHost {
  const openReference = () =>
    webWorkerStageHost(
      { log },
      { backend: 'wasm', wasmThreads: 1, subgroups: false, onLost: () => undefined },
    );
  return selfTestingStageHost(
    { host, openReference, log },
    { onWrong: (reason) => observer({ type: 'wrong-answers', reason }) },
  );
}

function tellLog(level: TabEvent['level'], fields: object, message: string): void {
  const { reason } = fields as { reason?: unknown };
  const text = typeof reason === 'string' ? `${message}: ${reason}` : message;
  observer({ type: 'log', event: { at: Date.now(), level, text } });
}

expose(api);

/** What the browser gives this origin, beside what is there. */
async function freeDiskBytes(): Promise<number | undefined> {
  const estimate = await estimateStorage();
  return estimate && Math.max(0, Math.floor(estimate.quotaBytes - estimate.usedBytes));
}
