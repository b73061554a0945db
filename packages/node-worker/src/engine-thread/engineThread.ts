/** Entry of the thread that runs ONNX Runtime; `run()` blocks it, so nothing else lives here. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { stageService } from '@potluck/engine/rpc';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { nodeStages, type NodeStagesInit } from './nodeStages.ts';

expose(stageService(nodeStages(workerData as NodeStagesInit)), nodeEndpoint(parentPort as MessagePort));
