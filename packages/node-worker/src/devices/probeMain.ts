/**
 * Runs in a process of its own: a provider that aborts takes only this process down. Prints one line of JSON. Each start of a
 * worker waits for it, so it loads no more than it needs.
 */
import { makeTensor } from '@potluck/engine/tensor';
import * as ort from 'onnxruntime-node';
import { probeGraph, probeWidth } from './probeGraph.ts';
import type { ProbeResult } from './probeDevice.ts';

const provider = process.argv[2] ?? 'cpu';

async function compute(type: 'float32' | 'float16'): Promise<void> {
  const { bytes, output } = probeGraph(type);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [provider],
    logSeverityLevel: 4,
  });
  const zeros = new Uint8Array(probeWidth * (type === 'float32' ? 4 : 2));
  const results = await session.run({ x0: makeTensor(ort, type, zeros, [1, probeWidth]) });
  await results[output]?.getData();
  await session.release();
}

let result: ProbeResult;
try {
  await compute('float32');
  const float16 = await compute('float16').then(
    () => true,
    () => false,
  );
  result = { ok: true, float16 };
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // ONNX Runtime puts the place in its source and the failed condition in front of what it has to say.
  const reason = message.replace(/^.* was false\. /s, '').trim();
  result = { ok: false, reason };
}
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
