/**
 * What one hop between two worker processes on one machine costs: a random decoder in two stages, many decode steps.
 * `node packages/node-worker/testing/measureHop.ts [relay] [tokens]`
 *
 * Per token, the time between two tokens at the last stage is compute at both stages plus two hops (boundary forth,
 * token back); a hop is everything else: engine thread, queue, frames, wire.
 */
import { benchDecoder, tinyDecoder } from '@potluck/onnx/testing';
import type { StageTimings } from '@potluck/protocol';
import { startScriptedHub, type ScriptedWorker } from '@potluck/worker/testing';
import { deployRandomModel } from './deployableModel.ts';
import { startSignalling } from './signallingProxy.ts';
import { startWorkerProcess } from './workerProcess.ts';

const forceRelay = process.argv.includes('relay');
const large = process.argv.includes('large');
const stageCount = process.argv.includes('one') ? 1 : 2;
const tokens = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 150);

const signalling = await startSignalling();
const hub = await startScriptedHub({
  upgrade: signalling.upgrade,
  welcome: { forceRelay, signalling: signalling.signalling },
});
const args = ['--hub', hub.url, '--token', hub.token, '--device', 'cpu', '--threads', '1', '--memory', '2GB'];
const processes = Array.from({ length: stageCount }, () => startWorkerProcess({ args }));
const workers: ScriptedWorker[] = [];
for (const _ of processes) workers.push(await hub.worker());
const model = await deployRandomModel(
  hub,
  large ? benchDecoder : { ...tinyDecoder, hiddenSize: 512, intermediateSize: 1024 },
);
const assigns = await hub.deploy(
  model.stages(stageCount).map((stage, index) => ({ worker: workers[index] as never, stage })),
);
const prompt = Array.from({ length: 20 }, (_, index) => index);
const generate = (length: number) => hub.generate(workers, assigns, prompt, { length });
await generate(50);

const arrivals: number[] = [];
const arrivalsOf = workers.at(-1)?.messages as { push: (message: unknown) => number };
const push = arrivalsOf.push.bind(arrivalsOf);
arrivalsOf.push = (message) => {
  if ((message as { type: string }).type === 'token') arrivals.push(performance.now());
  return push(message);
};
const { sessionId } = await generate(tokens);
const sums: StageTimings[] = [];
for (const [index, worker] of workers.entries()) {
  const { assignmentId } = assigns[index] as (typeof assigns)[0];
  worker.send({ type: 'close-session', sessionId, assignmentId });
  sums.push((await worker.message('session-closed', (message) => message.sessionId === sessionId)).timings);
}
const gaps = arrivals
  .slice(1)
  .map((at, index) => at - (arrivals[index] as number))
  .sort((a, b) => a - b);
const median = gaps[Math.floor(gaps.length / 2)] as number;
const perStep = (key: 'queueMs' | 'computeMs' | 'encodeMs' | 'decodeMs' | 'wireMs') =>
  sums.map((sum) => Number((sum[key] / sum.steps).toFixed(3)));
const compute = perStep('computeMs').reduce((sum, each) => sum + each, 0);
console.log({
  tokenMs: Number(median.toFixed(3)),
  p95Ms: Number((gaps[Math.floor(gaps.length * 0.95)] as number).toFixed(3)),
  computeMs: perStep('computeMs'),
  queueMs: perStep('queueMs'),
  encodeMs: perStep('encodeMs'),
  decodeMs: perStep('decodeMs'),
  wireMs: perStep('wireMs'),
  hopMs: Number(((median - compute) / stageCount).toFixed(3)),
});
for (const one of processes) await one.stop();
await hub.stop();
signalling.stop();
process.exit(0);
