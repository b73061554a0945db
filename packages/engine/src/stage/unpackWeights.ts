/** Memory for speed: a stage whose matmuls read float32 weights, as far as its caches can spare the room. */
import { floatMatMuls, type ReadWeights } from '@potluck/onnx';
import type { StageDescription } from '@potluck/protocol';
import type { StageArtifact } from '../contract/stage.ts';

/**
 * The caches keep this much of what they were given, and at least one session of full length. While the stage is loaded,
 * there are no caches yet, and the new weights exist twice: as they were made, and in the runtime's heap, where they take
 * up to 1.4 times their size (measured with onnxruntime-web 1.30). The room for both is the caches' and the working memory.
 */
const keptShare = 0.5;

/**
 * @param cacheBytes what weights beyond the packed ones and caches may take together
 * @returns the stage, and what is left for caches
 */
export async function unpackWeights(
  artifact: StageArtifact,
  cacheBytes: number,
): Promise<{ artifact: StageArtifact; cacheBytes: number }> {
  const { description, graph, weights } = artifact;
  const room = Math.min((1 - keptShare) * cacheBytes, cacheBytes - fullSessionBytes(description));
  const read = readerOf(weights);
  const { made, ...unpacked } = await floatMatMuls(graph, description, room, read);
  if (made.length === 0) return { artifact, cacheBytes };
  const floats: StageArtifact['weights'] = [];
  for (const { path, compute } of made) floats.push({ path, data: await compute() });
  return {
    artifact: {
      description,
      graph: unpacked.graph,
      weights: [...weights.filter(({ path }) => unpacked.keptPaths.has(path)), ...floats],
    },
    cacheBytes: cacheBytes - Math.max(0, unpacked.moreBytes),
  };
}

const fullSessionBytes = ({ contextLength, cacheBytesPerToken, stateBytes }: StageDescription): number =>
  contextLength * cacheBytesPerToken + stateBytes;

function readerOf(weights: StageArtifact['weights']): ReadWeights {
  const files = new Map(weights.map(({ path, data }) => [path, data]));
  return async (path, offset, length) => {
    const data = files.get(path);
    if (!data) throw new RangeError(`No weights ${path}`);
    if (ArrayBuffer.isView(data)) return data.subarray(offset, offset + length);
    return new Uint8Array(await data.slice(offset, offset + length).arrayBuffer());
  };
}
