/** Runs in a process of its own: a provider that aborts takes only this process down. Prints one line of JSON. */
import { makeTensor } from '@potluck/engine';
import * as ort from 'onnxruntime-node';
import { probeGraph, smallProbeWidth, speedProbeWidth } from './probeGraph.ts';
import type { ProbeResult } from './probeDevice.ts';

const mostRuns = 15;
/** Slow devices get fewer runs: two are enough to see that they are slow. */
const enoughMs = 1000;
const provider = process.argv[2] ?? 'cpu';

async function measure(type: 'float32' | 'float16', width: number): Promise<number> {
  const { bytes, output } = probeGraph(type, width);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [provider],
    logSeverityLevel: 4,
  });
  const input = makeTensor(ort, type, new Uint8Array(width * (type === 'float32' ? 4 : 2)), [1, width]);
  const times: number[] = [];
  const begun = performance.now();
  // The first run compiles, and does not count.
  for (let run = 0; run <= mostRuns && (run < 2 || performance.now() - begun < enoughMs); run++) {
    const started = performance.now();
    const results = await session.run({ x0: input });
    await results[output]?.getData();
    if (run > 0) times.push(performance.now() - started);
  }
  await session.release();
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;
}

let result: ProbeResult;
try {
  const stepMs = await measure('float32', process.argv[3] === 'speed' ? speedProbeWidth : smallProbeWidth);
  const float16 = await measure('float16', smallProbeWidth).then(
    () => true,
    () => false,
  );
  result = { ok: true, stepMs, float16 };
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // ONNX Runtime puts the place in its source and the failed condition in front of what it has to say.
  const reason = message.replace(/^.* was false\. /s, '').trim();
  result = { ok: false, reason };
}
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
