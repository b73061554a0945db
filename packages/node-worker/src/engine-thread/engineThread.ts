/** Entry of the thread that runs ONNX Runtime; `run()` blocks it, so nothing else lives here. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { createStage, RunQueue, type Stage } from '@potluck/engine';
import * as ort from 'onnxruntime-node';
import { buffersOf, type EngineRequest, type EngineResponse, type EngineThreadInit } from './messages.ts';

const port = parentPort as MessagePort;
const { provider, threads } = workerData as EngineThreadInit;
const queue = new RunQueue();
const stages = new Map<number, Stage>();

port.on('message', (request: EngineRequest) => {
  answer(request).then(
    ({ value, transfer }) => respond({ id: request.id, ok: true, value }, transfer),
    (error: unknown) => respond({ id: request.id, ok: false, error: plainError(error) }),
  );
});

interface Answer {
  value?: unknown;
  transfer?: ArrayBuffer[];
}

async function answer(request: EngineRequest): Promise<Answer> {
  if (request.call === 'load') return load(request);
  const stage = stages.get(request.stageId);
  if (!stage) throw Object.assign(new Error('the stage is not loaded'), { code: 'stage-gone' });
  switch (request.call) {
    case 'warmUp':
      await stage.warmUp();
      return {};
    case 'open':
      stage.open(request.request);
      return {};
    case 'step': {
      const value = await stage.step(request.request);
      return { value, transfer: buffersOf(value.boundary?.map(({ bytes }) => bytes) ?? []) };
    }
    case 'release':
      stage.release(request.cacheId);
      return {};
    case 'unload':
      stages.delete(request.stageId);
      await stage.dispose();
      return {};
  }
}

async function load({ stageId, artifact, cacheBytes }: EngineRequest & { call: 'load' }): Promise<Answer> {
  const stage = await createStage(ort, artifact, {
    executionProviders: [provider],
    cacheStrategy: provider === 'cpu' ? 'rows' : 'growing',
    cacheBytes,
    queue,
    ...(threads !== undefined && { threads }),
  });
  stages.set(stageId, stage);
  // ONNX Runtime has its own copy now: give these back at once, not when the collector comes by.
  for (const buffer of buffersOf([artifact.graph, ...artifact.weights.map(({ data }) => data)])) {
    buffer.transfer(0);
  }
  return {};
}

function respond(response: EngineResponse, transfer: ArrayBuffer[] = []): void {
  port.postMessage(response, transfer);
}

function plainError(error: unknown): { name: string; message: string; code?: unknown } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  const { code } = error as { code?: unknown };
  const because = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return { name, message: message + because, ...(typeof code === 'string' && { code }) };
}
