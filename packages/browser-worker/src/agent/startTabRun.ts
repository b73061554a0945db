/** One run of the agent: its web worker, its ends of the ports, and the page's connections. */
import {
  InstanceId,
  atHub,
  workerGoodbyePath,
  type Device,
  type PageGoodbye,
  type WorkerPresence,
} from '@potluck/protocol';
import { silentLog } from '@potluck/worker';
import { proxy, releaseProxy, transfer, wrap } from 'comlink';
import { uuidv4 } from 'uuidv7';
import '@potluck/engine/comlink-errors';
import type { PageConnectionsInit } from '../web-rtc/pageConnections.ts';
import type { TabAgentApi, TabAgentEvent, TabAgentInit } from './agentApi.ts';

/** How long to wait for the agent's goodbye before its web worker is ended anyway. */
const stopGraceMs = 5_000;

export interface TabRunInit
  extends Omit<TabAgentInit, 'connections' | 'instanceId'>, Omit<PageConnectionsInit, 'port'> {
  onEvent: (event: TabAgentEvent) => void;
}

export interface TabRun {
  device: Device;
  setPresence(presence: WorkerPresence['state']): void;
  wake(): void;
  /** Asks the hub for nothing new; resolves when the answers under way have ended. */
  drain(): Promise<void>;
  /** Says goodbye by a beacon, which outlives the page: the agent may not live long enough to say it. */
  sayGoodbye(reason: string): void;
  /** Says goodbye and ends. */
  stop(reason: string): Promise<void>;
}

/** @throws what is wrong with the device */
export async function startTabRun({ onEvent, handOver, ...about }: TabRunInit): Promise<TabRun> {
  const worker = openAgentWorker();
  const api = wrap<TabAgentApi>(worker);
  const end = (): void => {
    api[releaseProxy]();
    worker.terminate();
  };
  const observe = proxy(onEvent);
  const failed = new Promise<never>((_resolve, reject) => {
    worker.addEventListener('error', ({ message }) => {
      reject(new Error(`the worker could not be started: ${message || 'its script could not be loaded'}`));
    });
  });
  try {
    const connections = await openConnections(handOver);
    const instanceId = InstanceId.parse(uuidv4());
    const init: TabAgentInit = { ...about, instanceId, connections };
    const device = await Promise.race([
      api.start(connections ? transfer(init, [connections]) : init, observe),
      failed,
    ]);
    return {
      device,
      setPresence: (presence) => void api.setPresence(presence),
      wake: () => void api.wake(),
      drain: () => api.drain(),
      sayGoodbye(reason) {
        const { hubUrl, token, workerId } = about;
        const goodbye: PageGoodbye = { token, workerId, instanceId, reason };
        navigator.sendBeacon(atHub(hubUrl, workerGoodbyePath), JSON.stringify(goodbye));
      },
      async stop(reason) {
        const grace = new Promise<void>((resolve) => setTimeout(resolve, stopGraceMs));
        await Promise.race([api.stop(reason).catch(() => undefined), grace]);
        end();
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

function openAgentWorker(): Worker {
  return new Worker(new URL('./agentWorker.ts', import.meta.url), { type: 'module', name: 'potluck-agent' });
}

/** @returns the agent's end, or undefined where the browser has no WebRTC */
async function openConnections(handOver: boolean): Promise<MessagePort | undefined> {
  if (!('RTCPeerConnection' in globalThis)) return undefined;
  const { servePageConnections } = await import('../web-rtc/pageConnections.ts');
  const { port1, port2 } = new MessageChannel();
  servePageConnections({ log: silentLog }, { handOver, port: port1 });
  return port2;
}
