/** Makes the package by which other machines join, once. */
import { parentPort } from 'node:worker_threads';
import { workerPackage } from '@potluck/packaging';

// Transferred, so that the thread may end.
const bytes = new Uint8Array(await workerPackage());
parentPort?.postMessage(bytes, [bytes.buffer]);
