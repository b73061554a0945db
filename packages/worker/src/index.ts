/**
 * The worker agent, independent of its host: a browser tab and a Node process bring the ports (web socket, blob store,
 * stage host, direct connector) and get the same worker.
 *
 * @example
 * const agent = startWorkerAgent(
 *   { openSocket: webSocketOpener(WebSocket), fetch, blobStore, stageHost, connector, log },
 *   { hubUrl, token, workerId, instanceId, name: 'attic', kind: 'node', version, device, memoryBytes },
 * );
 * await agent.finished;
 */
export type { AgentEvent } from './agentEvent.ts';
export {
  startWorkerAgent,
  type WorkerAgent,
  type WorkerAgentComponents,
  type WorkerAgentInit,
} from './agent.ts';
export type { BlobStore, PartialBlob, WeightsFolder } from './blobs/blobStore.ts';
export { memoryBlobStore, type MemoryBlobStore, type MemoryBlobStoreInit } from './blobs/memoryBlobStore.ts';
export { unixMs } from './clock.ts';
export { deferred, type Deferred } from './deferred.ts';
export {
  AssignmentError,
  BlobCorruptError,
  BlobUnavailableError,
  RefusedByHubError,
  SessionError,
  StorageFullError,
  TransportClosedError,
  WrongAnswerError,
} from './errors.ts';
export {
  webSocketOpener,
  type HubSocket,
  type HubSocketEvents,
  type OpenHubSocket,
  type WebSocketClass,
} from './hub-connection/hubSocket.ts';
export { reconnectDelayMs } from './hub-connection/reconnectDelay.ts';
export { ToldReasons } from './hub-connection/toldReasons.ts';
export { silentLog, type Log } from './log.ts';
export { messageOf } from './messageOf.ts';
export { untilAborted } from './untilAborted.ts';
export { dataChannelTransport } from './peers/dataChannelTransport.ts';
export type { DirectConnector, DirectConnectorInit } from './peers/directConnector.ts';
export {
  memoryTransportPair,
  type MemoryTransport,
  type MemoryTransportInit,
} from './peers/memoryTransport.ts';
export { openActivationsChannel } from './peers/openActivationsChannel.ts';
export { peerJsConnector } from './peers/peerJsConnector.ts';
export {
  peerJsSignalling,
  type PeerJsSignalling,
  type SignallingComponents,
  type SignallingInit,
} from './peers/peerJsSignalling.ts';
export type { PeerTransport, PeerTransportEvents } from './peers/peerTransport.ts';
export { TransportState } from './peers/transportState.ts';
export { slowConnector } from './peers/slowConnector.ts';
export { retrySoon } from './peers/retrySoon.ts';
export { selectedCandidatePair } from './peers/selectedCandidatePair.ts';
export { isKeptCache } from './sessions/stageCaches.ts';
export { selfTestingStageHost, type SelfTestComponents } from './self-test/selfTestingStageHost.ts';
export { measuredPromptTokens, measureStage, type StageTimes } from './stage-host/measureStage.ts';
export { trialCacheId } from './stage-host/measureTokenStep.ts';
