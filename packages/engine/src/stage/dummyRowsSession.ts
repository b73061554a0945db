/** A stage whose steps run one at a time, with dummy rows behind the real ones (`dummyRows` of @potluck/onnx). */
import type { DummyRowsStage } from '@potluck/onnx';
import type { StageDescription } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { addDummyRows, cutDummyRows, dummyRowsOf } from './addDummyRows.ts';
import { compute } from './compute.ts';
import type { MemberOutputs, RunMember, StageSession } from './stageSession.ts';
import { StepInputs } from './stepInputs.ts';
import { boundaryTensors, logitsOfRows, output } from './stepOutputs.ts';

/** What such a session runs on. */
export interface DummyRowsSessionParts {
  ort: OrtModule;
  description: StageDescription;
  stage: DummyRowsStage;
  session: InferenceSession;
}

/** @param granularity rows of a run are a multiple of it */
export function dummyRowsSession(
  { ort, description, stage, session }: DummyRowsSessionParts,
  granularity: number,
): Pick<StageSession, 'run'> {
  const inputs = new StepInputs(ort, description);
  const { boundaryOut, caches, contextLength } = description;
  const int64 = (value: number): Tensor => new ort.Tensor('int64', BigInt64Array.of(BigInt(value)), [1]);

  async function runOne({ tensors, request, logitRows }: RunMember): Promise<MemberOutputs> {
    const { position, length } = request;
    const dummies = dummyRowsOf(request, granularity, contextLength);
    const feeds = inputs.feeds(addDummyRows(request, dummies));
    feeds[stage.pastInput] = int64(position);
    feeds[stage.endInput] = int64(position + length);
    if (stage.logitRows) {
      // One row where nobody wants any: a head without rows is a case that few kernels were tried with.
      feeds[stage.logitRows.fromInput] = int64(length - Math.max(1, logitRows));
      feeds[stage.logitRows.toInput] = int64(length);
    }
    for (const [index, cache] of caches.entries()) {
      const tensor = tensors[index];
      if (!tensor) throw new ComputeError(`No cache tensor for "${cache.input}"`);
      feeds[cache.input] = tensor.past(position);
    }
    const logits = logitRows > 0 ? description.logits : undefined;
    const wanted = [...boundaryOut, ...(logits ? [logits] : [])].map(({ name }) => name);
    const outputs = await compute(`ONNX Runtime failed in ${length} tokens at ${position}`, () =>
      session.run(feeds, [...wanted, ...caches.map((cache) => cache.output)]),
    );
    for (const [index, cache] of caches.entries()) {
      tensors[index]?.commit(output(outputs, cache.output), position, length);
    }
    const boundary = boundaryTensors(outputs, boundaryOut);
    return {
      ...(boundary.length > 0 ? { boundary: boundary.map((rows) => cutDummyRows(rows, length)) } : {}),
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
