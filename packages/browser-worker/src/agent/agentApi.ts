/** What the agent's web worker offers to the page; called through Comlink. */
import type { BlobRef, Device, InstanceId, RefusalCode, WorkerId, WorkerPresence } from '@potluck/protocol';
import type { AgentEvent } from '@potluck/worker';
import type { Backend } from '../engine/loadRuntime.ts';
import type { ServedView, TabEvent } from '../snapshot.ts';

export interface TabAgentInit {
  hubUrl: string;
  token: string;
  workerId: WorkerId;
  instanceId: InstanceId;
  name: string;
  backend: Backend;
  wasmThreads: number;
  /** False for a GPU whose subgroups compute wrong. */
  subgroups: boolean;
  memoryBytes: number;
  /** The page's connections; see `servePageConnections`. Undefined where the browser has no WebRTC. */
  connections: MessagePort | undefined;
}

/** What is told to the page as it happens; blobs and counts at most a few times a second. */
export type TabAgentEvent =
  | Exclude<AgentEvent, { type: 'blob' }>
  | { type: 'blobs'; blobs: { sha256: BlobRef['sha256']; doneBytes: number; cached: boolean }[] }
  | { type: 'served'; served: ServedView }
  | { type: 'log'; event: TabEvent }
  /** The device is gone; the agent goes on without stages until it is stopped. */
  | { type: 'device-lost'; reason: string }
  /** The device can't be used as it is; the agent goes on, and the stage has failed. */
  | { type: 'wrong-answers'; reason: string }
  /** The agent ended by itself: the hub does not take it. */
  | { type: 'refused'; reason: string; code: RefusalCode | undefined };

export interface TabAgentApi {
  /**
   * Loads the runtime, tries the device, then joins the hub (which may take as long as it likes).
   * @param observe a Comlink proxy
   * @returns what it computes with
   * @throws what is wrong with the device
   */
  start(init: TabAgentInit, observe: (event: TabAgentEvent) => void): Promise<Device>;
  setPresence(presence: WorkerPresence['state']): Promise<void>;
  /** The network is back, or the machine woke up. */
  wake(): Promise<void>;
  /** Asks the hub for nothing new; resolves when the answers under way have ended. */
  drain(): Promise<void>;
  /** Says goodbye and frees everything; nothing happens where nothing runs. */
  stop(reason: string): Promise<void>;
}
