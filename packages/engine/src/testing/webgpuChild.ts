/**
 * Child process of webgpu.test.ts: answers prompts on onnxruntime-node's WebGPU and, for comparison, on its CPU.
 * Prints one line of JSON: {cpu, gpu, forked, cutBack, usage}.
 */
import { tinyDecoder } from '@potluck/onnx/testing';
import { createStage } from '../stage/createStage.ts';
import { importRandomModel } from './importedModel.ts';
import { nodeOrt } from './nodeOrt.ts';
import { TestPipeline } from './testPipeline.ts';

const prompt = [1, 7, 33, 200, 55, 400];
const count = 6;
const model = await importRandomModel({ ...tinyDecoder, tokenizer: false, weights: 'f32' });

async function pipelineOn(provider: 'cpu' | 'webgpu') {
  const stages = [];
  for (const artifact of model.stages(2)) {
    stages.push(
      await createStage(nodeOrt, artifact, {
        executionProviders: [provider],
        cacheStrategy: 'growing',
        cacheBytes: 1024 * 1024,
      }),
    );
  }
  return { pipeline: new TestPipeline(stages), stages };
}

const { pipeline: onCpu } = await pipelineOn('cpu');
const { pipeline: onGpu, stages } = await pipelineOn('webgpu');
for (const stage of stages) await stage.warmUp();
const cpu = await onCpu.answer(prompt, count);
const gpu = await onGpu.answer(prompt, count);
// A chunk without sampling, then a fork that shares what is on the device.
await onGpu.open('a', prompt, 32);
await onGpu.step('a', 0, prompt.slice(0, 3), false);
await onGpu.fork('a', 'b', { prompt, length: 3, capacity: 32 });
const forked = [
  await onGpu.continue('a', 3, prompt.slice(3), count),
  await onGpu.continue('b', 3, prompt.slice(3), count),
];
// Cut back on the device: a copy, what runs, and one that is taken.
const keptTokens = { prompt, length: 3, capacity: 32 };
await onGpu.fork('a', 'c', keptTokens);
await onGpu.each((stage) => stage.truncate('a', 3));
await onGpu.fork('b', 'd', { ...keptTokens, take: true });
const cutBack = [];
for (const cacheId of ['a', 'c', 'd']) {
  cutBack.push(await onGpu.continue(cacheId, 3, prompt.slice(3), count));
  await onGpu.each((stage) => stage.release(cacheId));
}
const usage = await Promise.all(stages.map(async (stage) => (await stage.usage()).reservedBytes));
for (const stage of stages) await stage.dispose();
console.log(JSON.stringify({ cpu, gpu, forked, cutBack, usage }));
