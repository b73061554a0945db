/** Real small things to test workers with: a scripted hub, a stage host that counts, acceptance suites for the ports. */
export { runBlobStoreTests } from './blobStoreTests.ts';
export { echoAnswer, echoStage, echoStageHost, type EchoStageHost } from './echoStageHost.ts';
export { runPeerTransportTests } from './peerTransportTests.ts';
export {
  startScriptedHub,
  type ScriptedHub,
  type ScriptedHubInit,
  type ScriptedWorker,
} from './scriptedHub.ts';
