/**
 * A stage host that tries a device before it is trusted: some GPUs compute silently wrong answers (transformers.js 1728).
 * The beginning of each stage runs on it and on a reference, with the same inputs, and both must agree.
 */
import type { LoadedStage, StageArtifact, StageHost } from '@potluck/engine';
import { firstLayers } from '@potluck/onnx';
import type { FrameTensor, StageDescription } from '@potluck/protocol';
import { WrongAnswerError } from '../errors.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import { compareTensors } from './compareTensors.ts';
import { testInputs } from './testInputs.ts';

/** A prompt long enough for the kernels of many rows, then one token on its cache. */
const steps = [
  { position: 0, length: 20 },
  { position: 20, length: 1 },
] as const;
const testTokens = 21;

export interface SelfTestComponents {
  /** What is tried. */
  host: StageHost;
  /** Opens what is trusted; closed after each test. */
  openReference: () => StageHost & { close(): void };
  log: Log;
}

/** @param onWrong called when the device computes wrong, before `load` rejects with WrongAnswerError */
export function selfTestingStageHost(
  { host, openReference, log }: SelfTestComponents,
  { onWrong }: { onWrong: (reason: string) => void },
): StageHost {
  /** Stages that passed, by what they are made of. */
  const passed = new Set<string>();

  async function test(artifact: StageArtifact): Promise<void> {
    const beginning = await beginningOf(artifact);
    let expected: FrameTensor[];
    const reference = openReference();
    try {
      expected = await answer(reference, beginning);
    } catch (error) {
      // Not the device's fault: too little memory for two, or a kernel that the reference lacks.
      log.warn({ reason: messageOf(error) }, 'the stage could not be compared with a known answer');
      return;
    } finally {
      reference.close();
    }
    const actual = await answer(host, beginning);
    for (const [index, tensor] of expected.entries()) {
      const problem = compareTensors(tensor, actual[index]);
      if (problem === undefined) continue;
      const reason = `it computes wrong answers (${problem})`;
      onWrong(reason);
      throw new WrongAnswerError(`this device can't be used for ${artifact.description.model}: ${reason}`);
    }
    log.info(
      { model: artifact.description.model },
      'the device passed its test: it computes what the processor does',
    );
  }

  return {
    async load(artifact, cacheBytes, onProgress) {
      const key = `${artifact.description.graph.sha256} ${JSON.stringify(artifact.description.weights)}`;
      if (!passed.has(key)) {
        onProgress?.('compares the device with the processor');
        await test(artifact);
        passed.add(key);
        onProgress?.('loads the stage');
      }
      return host.load(artifact, cacheBytes, onProgress);
    },
  };
}

/** The artifact's first layers. Weights are copied where they are in memory, since hosts take buffers away. */
async function beginningOf(artifact: StageArtifact): Promise<() => StageArtifact> {
  // An encoder is tried as a whole: what its layers end in is not known.
  const { graph, description } = artifact.description.encoding
    ? artifact
    : await firstLayers(artifact.graph, artifact.description);
  const paths = new Set(description.weights.map(({ path }) => path));
  const weights = artifact.weights.filter(({ path }) => paths.has(path));
  return () => ({
    description,
    graph: graph.slice(),
    weights: weights.map(({ path, data }) => ({ path, data: data instanceof Blob ? data : data.slice() })),
    ...(artifact.weightsFolder !== undefined && { weightsFolder: artifact.weightsFolder }),
  });
}

/** What a host makes of the test's steps. */
async function answer(host: StageHost, beginning: () => StageArtifact): Promise<FrameTensor[]> {
  const artifact = beginning();
  const { description } = artifact;
  const stage = await host.load(artifact, cacheBytesOf(description));
  try {
    return await runSteps(stage, description);
  } finally {
    await stage.dispose();
  }
}

async function runSteps(stage: LoadedStage, description: StageDescription): Promise<FrameTensor[]> {
  if (description.encoding) {
    const { tokenIds = [] } = testInputs(description, 0, Math.min(testTokens, description.contextLength));
    const { vector } = await stage.encode({ tokenIds });
    const bytes = new Uint8Array(vector.slice().buffer);
    return [{ type: 'float32', dims: [1, vector.length], bytes }];
  }
  const cacheId = 'self-test';
  await stage.open({ cacheId, epoch: 0, capacity: testTokens, promptLength: testTokens });
  const answers: FrameTensor[] = [];
  for (const { position, length } of steps) {
    if (position + length > description.contextLength) continue;
    const { boundary = [] } = await stage.step({
      cacheId,
      epoch: 0,
      position,
      length,
      sample: false,
      ...testInputs(description, position, length),
    });
    answers.push(...boundary);
  }
  await stage.release(cacheId);
  return answers;
}

const cacheBytesOf = ({ cacheBytesPerToken, stateBytes }: StageDescription): number =>
  2 * (testTokens * cacheBytesPerToken + stateBytes) + 1024 * 1024;
