/** Entry of the thread that holds answers to constraints: setting up for a large vocabulary takes seconds. */
import { parentPort, type MessagePort } from 'node:worker_threads';
import { constraintService } from '@potluck/engine/constraint';
import { readLlguidance } from '@potluck/engine/constraint/node';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';

expose(
  constraintService(() => WebAssembly.compile(readLlguidance())),
  nodeEndpoint(parentPort as MessagePort),
);
