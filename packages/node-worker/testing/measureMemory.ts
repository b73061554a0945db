/**
 * What a worker process takes beside its budget: resident memory before a model, at the peak of loading, and after.
 * `node packages/node-worker/testing/measureMemory.ts [layers] [f32]`
 */
import { readFileSync } from 'node:fs';
import { benchDecoder } from '@potluck/onnx/testing';
import { startScriptedHub } from '@potluck/worker/testing';
import { deployRandomModel } from './deployableModel.ts';
import { startWorkerProcess } from './workerProcess.ts';

const layers = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? benchDecoder.layers);
const weights = process.argv.includes('f32') ? 'f32' : 'q4';
const hub = await startScriptedHub();
const args = ['--hub', hub.url, '--token', hub.token, '--device', 'cpu', '--threads', '1', '--memory', '4GB'];
const running = startWorkerProcess({ args });
const worker = await hub.worker();
const memory = (field: string): number => {
  const status = readFileSync(`/proc/${running.child.pid ?? 0}/status`, 'utf8');
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1000);
};
const model = await deployRandomModel(hub, { ...benchDecoder, layers, weights });
const [stage] = model.stages(1) as [ReturnType<typeof model.stages>[0]];
const before = memory('VmRSS');
const [assign] = await hub.deploy([{ worker, stage }]);
const after = memory('VmRSS');
await hub.generate(
  [worker],
  [assign as never],
  Array.from({ length: 500 }, (_, index) => index),
  { length: 20 },
);
console.log({
  weightsMB: Math.round(stage.weightBytes / 1e6),
  beforeMB: before,
  readyMB: after,
  afterPromptMB: memory('VmRSS'),
  peakMB: memory('VmHWM'),
});
await running.stop();
await hub.stop();
process.exit(0);
