/** Which buffers a call takes along, so that they cross without a copy. */
import type { StageArtifact, StepRequest, StepResult } from '../contract/stage.ts';

/** The buffers of a step's boundary tensors. */
export function boundaryBuffers({
  boundary = [],
}: Pick<StepRequest | StepResult, 'boundary'>): ArrayBuffer[] {
  return buffersOf(boundary.map(({ bytes }) => bytes));
}

/** The buffers of a graph and of those of its weights that are in memory. */
export function artifactBuffers({ graph, weights }: StageArtifact): ArrayBuffer[] {
  return buffersOf([graph, ...weights.map(({ data }) => data)]);
}

/** The buffers under some views, each once. */
function buffersOf(views: Iterable<Uint8Array | Blob>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const view of views) {
    if (ArrayBuffer.isView(view) && view.buffer instanceof ArrayBuffer) buffers.add(view.buffer);
  }
  return [...buffers];
}
