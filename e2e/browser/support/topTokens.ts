/** The same tokens through any host's stages, so that what they compute can be compared. */
import type { StageArtifact, StageHost } from '@potluck/engine';
import { SamplingDescription, stepsOf, type FrameTensor } from '@potluck/protocol';

const cacheBytes = 64e6;
/** Tokens of a sequence that count as its prompt, and of a chunk of it. */
const promptLength = 20;
const chunkTokens = 16;
const greedy = SamplingDescription.parse({ temperature: 0, seed: 0 });

/**
 * Teacher forcing: after each token of a sequence, whatever was likeliest before, the next one is fed in. The prompt
 * goes in chunks, the rest token by token, as in an answer.
 * @returns for each sequence the likeliest token after its first token, its second, …; after a prompt's chunk only at its end
 */
export async function topTokens(
  host: StageHost,
  artifacts: readonly StageArtifact[],
  sequences: readonly (readonly number[])[],
): Promise<number[][]> {
  const stages = [];
  for (const artifact of artifacts) stages.push(await host.load(artifact, cacheBytes));
  const answers: number[][] = [];
  for (const [index, sequence] of sequences.entries()) {
    const cacheId = `sequence ${index}`;
    const about = { cacheId, epoch: 0, capacity: sequence.length, promptLength, sampling: greedy };
    for (const stage of stages) await stage.open({ ...about, tokens: sequence.slice(0, promptLength) });
    const answer: number[] = [];
    let position = 0;
    for (const length of stepsOf({ promptLength, chunkTokens }, 0, sequence.length)) {
      const tokenIds = sequence.slice(position, position + length);
      let boundary: FrameTensor[] | undefined;
      for (const [place, stage] of stages.entries()) {
        const result = await stage.step({
          ...{ cacheId, epoch: 0, position, length, sample: place === stages.length - 1 },
          ...(place === 0 ? { tokenIds } : { boundary: boundary ?? [] }),
        });
        boundary = result.boundary;
        if (result.sampled) answer.push(result.sampled.token);
      }
      position += length;
    }
    answers.push(answer);
    for (const stage of stages) await stage.release(cacheId);
  }
  for (const stage of stages) await stage.dispose();
  return answers;
}
