/** A stage whose steps run one at a time, in the shapes of the model's own graph. */
import type { StageDescription } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { int64Tensor } from '../tensor/makeTensor.ts';
import { compute, whatRuns } from './compute.ts';
import { oneByOne } from './oneByOne.ts';
import type { MemberOutputs, RunMember, StageSession } from './stageSession.ts';
import { StepInputs } from './stepInputs.ts';
import { boundaryTensors, logitsOfRows, output } from './stepOutputs.ts';

export interface SingleSessionParts {
  ort: OrtModule;
  description: StageDescription;
  session: InferenceSession;
  /** Of `returnNewRows`, where the graph was rewritten so. */
  pastLengthInput: string | undefined;
  /** Of `lastLogits`, where the graph was rewritten so. */
  logitsFromInput: string | undefined;
  /** Whether logits are fetched when nobody wants them. */
  fetchesLogits: boolean;
}

export function singleSession({
  ort,
  description,
  session,
  pastLengthInput,
  logitsFromInput,
  fetchesLogits,
}: SingleSessionParts): Pick<StageSession, 'run'> {
  const inputs = new StepInputs(ort, description);
  const { boundaryOut, caches } = description;

  async function runOne(member: RunMember): Promise<MemberOutputs> {
    const { tensors, request, logitRows } = member;
    const { position, length } = request;
    const feeds = inputs.feeds(request);
    if (pastLengthInput !== undefined) feeds[pastLengthInput] = int64Tensor(ort, [position]);
    const fetches: Record<string, Tensor | null> = {};
    for (const { name } of boundaryOut) fetches[name] = null;
    if (logitsFromInput !== undefined) feeds[logitsFromInput] = int64Tensor(ort, [-Math.max(1, logitRows)]);
    const logits = logitRows > 0 ? description.logits : undefined;
    if (description.logits && (logits || fetchesLogits)) fetches[description.logits.name] = null;
    for (const [index, cache] of caches.entries()) {
      const tensor = tensors[index];
      if (!tensor) throw new ComputeError(`No cache tensor for "${cache.input}"`);
      feeds[cache.input] = tensor.past(position);
      fetches[cache.output] = tensor.present;
    }
    const outputs = await compute(whatRuns([member]), () =>
      session.run(feeds, fetches as InferenceSession.FetchesType),
    );
    for (const [index, cache] of caches.entries()) {
      tensors[index]?.commit(output(outputs, cache.output), position, length);
    }
    return {
      ...(boundaryOut.length > 0 ? { boundary: boundaryTensors(outputs, boundaryOut) } : {}),
      ...(logits ? { logits: logitsOfRows(outputs, logits, { first: 0, count: logitRows }) } : {}),
    };
  }

  return { run: oneByOne(runOne) };
}
