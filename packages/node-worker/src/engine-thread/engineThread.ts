/** Entry of the thread that runs ONNX Runtime; `run()` blocks it, so nothing else lives here. */
import { workerData } from 'node:worker_threads';
import { nodeStages, type NodeStagesInit } from './nodeStages.ts';
import { serveStages } from './serveStages.ts';

serveStages(nodeStages(workerData as NodeStagesInit));
