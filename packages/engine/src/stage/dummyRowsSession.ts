/** A stage whose steps run one at a time, with dummy rows behind the real ones (`dummyRows` of @potluck/onnx). */
import type { DummyRowsStage } from '@potluck/onnx';
import type { StageDescription } from '@potluck/protocol';
import type { InferenceSession } from 'onnxruntime-common';
import { ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { int64Tensor } from '../tensor/makeTensor.ts';
import { addDummyRows, dummyRowsOf } from './addDummyRows.ts';
import { compute, whatRuns } from './compute.ts';
import { oneByOne } from './oneByOne.ts';
import type { MemberOutputs, RunMember, StageSession } from './stageSession.ts';
import { StepInputs } from './stepInputs.ts';
import { boundaryTensors, cutRows, logitsOfRows, output } from './stepOutputs.ts';

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

  async function runOne(member: RunMember): Promise<MemberOutputs> {
    const { tensors, request, logitRows } = member;
    const { position, length } = request;
    const dummies = dummyRowsOf(request, granularity, contextLength);
    const feeds = inputs.feeds(addDummyRows(request, dummies));
    feeds[stage.pastInput] = int64Tensor(ort, [position]);
    feeds[stage.endInput] = int64Tensor(ort, [position + length]);
    if (stage.logitRows) {
      // One row where nobody wants any: a head without rows is a case that few kernels were tried with.
      feeds[stage.logitRows.fromInput] = int64Tensor(ort, [length - Math.max(1, logitRows)]);
      feeds[stage.logitRows.toInput] = int64Tensor(ort, [length]);
    }
    for (const [index, cache] of caches.entries()) {
      const tensor = tensors[index];
      if (!tensor) throw new ComputeError(`No cache tensor for "${cache.input}"`);
      feeds[cache.input] = tensor.past(position);
    }
    const logits = logitRows > 0 ? description.logits : undefined;
    const wanted = [...boundaryOut, ...(logits ? [logits] : [])].map(({ name }) => name);
    const outputs = await compute(whatRuns([member]), () =>
      session.run(feeds, [...wanted, ...caches.map((cache) => cache.output)]),
    );
    for (const [index, cache] of caches.entries()) {
      tensors[index]?.commit(output(outputs, cache.output), position, length);
    }
    const boundary = boundaryTensors(outputs, boundaryOut);
    return {
      ...(boundary.length > 0 ? { boundary: boundary.map((rows) => cutRows(rows, 0, length)) } : {}),
      ...(logits ? { logits: logitsOfRows(outputs, logits, { first: 0, count: logitRows }) } : {}),
    };
  }

  return { run: oneByOne(runOne) };
}
