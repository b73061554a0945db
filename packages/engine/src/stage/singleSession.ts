/** A stage whose steps run one at a time, in the shapes of the model's own graph. */
import type { StageDescription } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { compute } from './compute.ts';
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

  async function runOne({ tensors, request, logitRows }: RunMember): Promise<MemberOutputs> {
    const { position, length } = request;
    const feeds = inputs.feeds(request);
    if (pastLengthInput !== undefined) {
      feeds[pastLengthInput] = new ort.Tensor('int64', BigInt64Array.of(BigInt(position)), [1]);
    }
    const fetches: Record<string, Tensor | null> = {};
    for (const { name } of boundaryOut) fetches[name] = null;
    if (logitsFromInput !== undefined) {
      const from = BigInt(-Math.max(1, logitRows));
      feeds[logitsFromInput] = new ort.Tensor('int64', BigInt64Array.of(from), [1]);
    }
    const logits = logitRows > 0 ? description.logits : undefined;
    if (description.logits && (logits || fetchesLogits)) fetches[description.logits.name] = null;
    for (const [index, cache] of caches.entries()) {
      const tensor = tensors[index];
      if (!tensor) throw new ComputeError(`No cache tensor for "${cache.input}"`);
      feeds[cache.input] = tensor.past(position);
      fetches[cache.output] = tensor.present;
    }
    const outputs = await compute(`ONNX Runtime failed in ${length} tokens at ${position}`, () =>
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

  return {
    run: async (members) => {
      const outputs: MemberOutputs[] = [];
      for (const member of members) outputs.push(await runOne(member));
      return outputs;
    },
  };
}
