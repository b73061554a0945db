/** Steps of several sessions share runs, and nobody can tell from what comes out. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { SamplingDescription, type FrameTensor } from '@potluck/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stage, StepResult } from '../contract/stage.ts';
import { CacheMissError, ComputeError, NoRoomError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { RunQueue } from '../queue/runQueue.ts';
import { importOnce, type ImportedModel } from '../testing/importedModel.ts';
import { nodeOrt } from '../testing/nodeOrt.ts';
import { testModels } from '../testing/testModels.ts';
import { model, stageOf } from '../testing/tinyStages.ts';
import { watchOverlap } from '../testing/watchOverlap.ts';
import { webOrt } from '../testing/webOrt.ts';
import { createStage } from './createStage.ts';
import type { StageOptions } from './stageOptions.ts';

/** Greedy, with numbers that tell logits apart by their last bits. */
const sampling = SamplingDescription.parse({ temperature: 0, seed: 0, topLogprobs: 5 });
const vocabulary = 500;
const cacheBytes = 64 * 1024 * 1024;

/** A session's tokens: made up, so that they are the same whatever comes out. */
const token = (session: number, position: number): number => (session * 131 + position * 37 + 5) % vocabulary;

/** Everything that a session gave away, by position: boundary bytes of each stage, the drawn token with its numbers. */
type Trace = Map<number, unknown>;

/** Stages in a row, and what every session gives away at each of its steps. */
class Sessions {
  readonly #stages: readonly Stage[];
  readonly traces = new Map<string, Trace>();

  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
  }

  async open(cacheId: string, capacity = 128): Promise<void> {
    for (const stage of this.#stages)
      await stage.open({ cacheId, epoch: 0, capacity, promptLength: 1, sampling });
    this.traces.set(cacheId, new Map());
  }

  async release(cacheId: string): Promise<void> {
    for (const stage of this.#stages) await stage.release(cacheId);
  }

  async step(cacheId: string, session: number, position: number, length: number): Promise<void> {
    const tokenIds = Array.from({ length }, (_, row) => token(session, position + row));
    let boundary: FrameTensor[] = [];
    for (const [index, stage] of this.#stages.entries()) {
      const request = { cacheId, epoch: 0, position, length, tokenIds, boundary, sample: true };
      const result: StepResult = await stage.step(request);
      this.#record(cacheId, index, position, length, result);
      boundary = result.boundary ?? [];
    }
  }

  /** Steps of one token from `from` to `to`. */
  async steps(cacheId: string, session: number, from: number, to: number): Promise<void> {
    for (let position = from; position < to; position++) await this.step(cacheId, session, position, 1);
  }

  #record(cacheId: string, stage: number, position: number, length: number, result: StepResult): void {
    const trace = this.traces.get(cacheId);
    for (const { bytes } of result.boundary ?? []) {
      const rowBytes = bytes.byteLength / length;
      for (let row = 0; row < length; row++) {
        const own = bytes.slice(row * rowBytes, (row + 1) * rowBytes);
        trace?.set(1000 * stage + position + row, createHash('sha256').update(own).digest('hex'));
      }
    }
    if (result.sampled) trace?.set(1000 * stage + position + length - 1, result.sampled);
  }
}

interface Runtime {
  name: string;
  ort: () => Promise<OrtModule>;
  options: Pick<StageOptions, 'executionProviders' | 'threads' | 'floatWeights'>;
}

const cpu: Runtime = {
  name: 'CPU',
  ort: async () => nodeOrt,
  options: { executionProviders: ['cpu'], threads: 1 },
};
const wasm: Runtime = { name: 'wasm', ort: webOrt, options: { executionProviders: ['wasm'] } };
const tab: Runtime = {
  ...wasm,
  name: 'wasm with float weights',
  options: { ...wasm.options, floatWeights: true },
};

interface Subject {
  name: string;
  open: () => Promise<ImportedModel>;
  /** Sessions that meet. Default: ten. */
  sessions?: number;
}

const tiny: Subject = { name: 'a random decoder', open: () => model('fused') };
const tinyPlain: Subject = { name: 'a random decoder of plain operators', open: () => model('plain') };
const real: Subject[] =
  testModels === undefined
    ? []
    : [
        ['minimind2-small', 'model_q4'],
        ['minimind2-small', 'model_q4f16'],
        ...['llama', 'qwen2', 'qwen3', 'phi3'].map((family) => [`architectures/${family}`, 'model']),
        ...['gemma2', 'qwen3_hidden'].map((family) => [`exports/genai-${family}`, 'model']),
        // Of plain operators.
        ['exports/optimum-llama_int8', 'model_quantized'],
      ].map(([folder = '', graph = '']) => ({
        name: `${folder} ${graph}`,
        open: () => importOnce(path.join(testModels ?? '', folder), `${graph}.onnx`),
        // Each of its steps takes as long as ten of the others'.
        ...(folder === 'minimind2-small' ? { sessions: 6 } : {}),
      }));

const common = { cacheStrategy: 'rows', cacheBytes, mostFilledRows: 4 } as const;

/** Whoever calls disposes of them. */
async function stagesOf(
  subject: Subject,
  runtime: Runtime,
  options: Partial<StageOptions> = {},
): Promise<{ stages: Stage[]; calls(this: void): number }> {
  const watched = watchOverlap(await runtime.ort());
  const artifacts = (await subject.open()).stages(2);
  const queue = new RunQueue();
  const stages: Stage[] = [];
  for (const artifact of artifacts) {
    const all = { ...common, queue, ...runtime.options, ...options };
    stages.push(await createStage(watched.ort, artifact, all));
  }
  return { stages, calls: () => watched.calls() };
}

/** Whether caches come out of chunks as they do of steps: by what both give away, then and later. */
async function checkChunks(stages: readonly Stage[]): Promise<void> {
  const sessions = new Sessions(stages);
  const [prompt, end, more] = [9, 70, 78];
  await sessions.open('steps');
  await sessions.step('steps', 3, 0, prompt);
  await sessions.steps('steps', 3, prompt, more);
  for (const length of [64, 30, 7]) {
    const cacheId = `chunks of ${length}`;
    await sessions.open(cacheId);
    for (let position = 0; position < end; position += length) {
      await sessions.step(cacheId, 3, position, Math.min(length, end - position));
    }
    await sessions.steps(cacheId, 3, end, more);
    const [steps, chunks] = [sessions.traces.get('steps'), sessions.traces.get(cacheId)];
    // Only the last row of a chunk gets logits.
    for (const [place, given] of chunks ?? []) {
      if (steps?.has(place)) expect(given, `${cacheId}, place ${place}`).toEqual(steps.get(place));
    }
    expect(chunks?.size).toBeGreaterThan(end);
  }
}

const everywhere = [
  ...[tiny, tinyPlain, ...real].map((subject) => ({ subject, runtime: cpu })),
  ...[tiny, tinyPlain].flatMap((subject) => [
    { subject, runtime: wasm },
    { subject, runtime: tab },
  ]),
].map((entry) => ({ ...entry, name: `${entry.subject.name} on ${entry.runtime.name}` }));

describe.each(everywhere)('$name', ({ subject, runtime }) => {
  let loaded: Awaited<ReturnType<typeof stagesOf>>;
  beforeAll(async () => {
    loaded = await stagesOf(subject, runtime);
  });
  afterAll(async () => {
    for (const stage of loaded.stages) await stage.dispose();
  });

  it('gives a session in any company, bit by bit, what it gives alone', async () => {
    const { stages, calls } = loaded;
    for (const { stepShape } of stages) {
      expect(stepShape.replay).toBe('chunks');
      // With plain attention, every slot is dozens of nodes in each layer.
      expect([4, 8]).toContain(stepShape.members);
    }
    const sessions = new Sessions(stages);
    // Prompts of all lengths mod 4, joining one after the other, and some that leave early.
    const plans = Array.from({ length: subject.sessions ?? 10 }, (_, session) => ({
      session,
      prompt: 1 + ((session * 7) % 18),
      answer: session % 3 === 0 ? 5 : 14,
      after: session % 4,
    }));
    const play = async (
      prefix: string,
      { session, prompt, answer, after }: (typeof plans)[number],
    ): Promise<void> => {
      const cacheId = `${prefix} ${session}`;
      await sessions.open(cacheId);
      for (let turn = 0; turn < after; turn++) await new Promise((resolve) => setImmediate(resolve));
      await sessions.step(cacheId, session, 0, prompt);
      await sessions.steps(cacheId, session, prompt, prompt + answer);
      await sessions.release(cacheId);
    };
    for (const plan of plans) await play('alone', plan);
    const before = calls();
    await Promise.all(plans.map((plan) => play('together', plan)));
    const runs = calls() - before;
    const steps = stages.length * plans.reduce((sum, { answer }) => sum + 1 + answer, 0);
    // Most of them met others.
    expect(runs).toBeLessThan((steps * 2) / 3);
    for (const { session } of plans) {
      const [together, alone] = [
        sessions.traces.get(`together ${session}`),
        sessions.traces.get(`alone ${session}`),
      ];
      expect(together, `session ${session}`).toEqual(alone);
    }
  });

  it('computes a cache again from chunks of any length with the bits of single steps', async () => {
    await checkChunks(loaded.stages);
  });

  if (runtime !== cpu) return;
  it('computes what the graph as it was exported computes, in the same shapes', async () => {
    const original = await stagesOf(subject, cpu, { cacheStrategy: 'growing' });
    const [batched, exported] = [new Sessions(loaded.stages), new Sessions(original.stages)];
    // Chunks that end at multiples of four are run as they come.
    for (const sessions of [batched, exported]) {
      await sessions.open('a');
      for (const [position, length] of [
        [0, 8],
        [8, 4],
        [12, 20],
      ] as const) {
        await sessions.step('a', 1, position, length);
      }
    }
    // The exported graph's head sees one row, for which some processors' kernels round differently.
    const [ours, theirs] = [batched, exported].map((sessions) =>
      [...(sessions.traces.get('a') ?? [])].map(([place, given]) => [
        place,
        typeof given === 'string' ? given : (given as { token: number }).token,
      ]),
    );
    expect(ours).toHaveLength(32 + 3);
    expect(ours).toEqual(theirs);
    for (const stage of original.stages) await stage.dispose();
  });
});

// Where kernels take the last keys of a row differently, as on ARM, such a stage runs steps as they come.
const isTold = testModels !== undefined && process.arch === 'x64';
describe.runIf(isTold)('a stage whose matmuls can not be told from attention', () => {
  it.each(['gpt2', 'gpt_bigcode', 'opt'])(
    '(%s) runs steps one by one, with the bits of chunks',
    async (family) => {
      const open = () => importOnce(path.join(testModels ?? '', `exports/optimum-${family}`), 'model.onnx');
      const { stages } = await stagesOf({ name: family, open }, cpu);
      for (const { stepShape } of stages)
        expect(stepShape).toEqual({ graph: 'dummy', members: 1, rows: 2, replay: 'chunks' });
      await checkChunks(stages);
      for (const stage of stages) await stage.dispose();
    },
  );
});

describe('steps that wait together', () => {
  const opened = async (options: Partial<StageOptions> = {}, ort: OrtModule = nodeOrt) => {
    const whole = (await model('fused')).stage({ firstLayer: 0, lastLayer: 3 });
    const stage = await stageOf(whole, { mostFilledRows: 4, ...options }, ort);
    for (const cacheId of ['a', 'b', 'c', 'd']) {
      await stage.open({ cacheId, epoch: 0, capacity: 4, promptLength: 2, sampling });
      await stage.step(stepOf(cacheId, 0, 2));
    }
    return stage;
  };
  const stepOf = (cacheId: string, position: number, length = 1) => ({
    ...{ cacheId, epoch: 0, position, length, sample: true },
    tokenIds: Array.from({ length }, (_, row) => token(1, position + row)),
  });

  it('share the time of their run', async () => {
    const stage = await opened();
    const started = performance.now();
    const results = await Promise.all(['a', 'b', 'c', 'd'].map((cacheId) => stage.step(stepOf(cacheId, 2))));
    const passed = performance.now() - started;
    // The first went alone, since nobody waited yet.
    const [, ...shared] = results.map(({ computeMs }) => computeMs);
    expect(new Set(shared).size).toBe(1);
    expect(results.reduce((sum, { computeMs }) => sum + computeMs, 0)).toBeLessThanOrEqual(passed);
  });

  it('leave each other alone when one is refused', async () => {
    const stage = await opened();
    const right = (await Promise.all(['a', 'b'].map((cacheId) => stage.step(stepOf(cacheId, 2))))).map(
      ({ sampled }) => sampled,
    );
    const first = stage.step(stepOf('a', 3));
    const others = await Promise.allSettled([
      stage.step(stepOf('c', 2)),
      stage.step({ ...stepOf('d', 2), epoch: 1 }),
      stage.step(stepOf('c', 3)),
      stage.step(stepOf('c', 4)),
      stage.step(stepOf('d', 2)),
      stage.step(stepOf('b', 1)),
    ]);
    await first;
    expect(others).toMatchObject([
      { value: { sampled: right[0] } },
      { reason: expect.any(CacheMissError) as unknown },
      { status: 'fulfilled' },
      { reason: expect.any(NoRoomError) as unknown },
      { value: { sampled: right[0] } },
      { reason: expect.any(CacheMissError) as unknown },
    ]);
    await expect(stage.step(stepOf('b', 3))).resolves.toHaveProperty('sampled');
  });

  it('fail together with their run, which leaves all caches as they were', async () => {
    let fails = false;
    const session = async (...args: Parameters<OrtModule['InferenceSession']['create']>) => {
      const made = await nodeOrt.InferenceSession.create(...args);
      return {
        release: () => made.release(),
        run: async (...run: Parameters<typeof made.run>) => {
          if (fails) throw new Error('out of memory');
          return made.run(...run);
        },
      };
    };
    const ort = { Tensor: nodeOrt.Tensor, InferenceSession: { create: session } } as unknown as OrtModule;
    const stage = await opened({}, ort);
    fails = true;
    const failed = await Promise.allSettled(['a', 'b', 'c'].map((cacheId) => stage.step(stepOf(cacheId, 2))));
    fails = false;
    for (const outcome of failed)
      expect(outcome).toMatchObject({ reason: expect.any(ComputeError) as unknown });
    const again = await Promise.all(['a', 'b', 'c', 'd'].map((cacheId) => stage.step(stepOf(cacheId, 2))));
    expect(new Set(again.map(({ sampled }) => JSON.stringify(sampled))).size).toBe(1);
  });

  it('go on to the last token of the context', async () => {
    const whole = (await model('fused')).stage({ firstLayer: 0, lastLayer: 3 });
    const stage = await stageOf(whole, { mostFilledRows: 4 });
    const { contextLength } = stage.description;
    for (const [cacheId, prompt] of [
      ['steps', contextLength - 9],
      ['chunk', contextLength],
    ] as const) {
      await stage.open({ cacheId, epoch: 0, capacity: contextLength, promptLength: 2, sampling });
      const last = [await stage.step(stepOf(cacheId, 0, prompt))];
      for (let at = prompt; at < contextLength; at++) last.push(await stage.step(stepOf(cacheId, at)));
      expect(last.at(-1)?.sampled).toHaveProperty('logprob');
    }
  });
});

it('a stage whose steps leave other bits than chunks all the same says so, and runs each as it comes', async () => {
  const whole = (await model('plain')).stage({ firstLayer: 0, lastLayer: 3 });
  const ort = roundingByRows();
  const stage = await stageOf(whole, {}, ort);
  expect(stage.stepShape).toEqual({ graph: 'own', members: 1, rows: 1, replay: 'steps' });
});

it.each([
  { style: 'fused', runShape: { graph: 'rows', rows: 2 }, becomes: { graph: 'rows', rows: 2 } },
  { style: 'plain', runShape: { graph: 'dummy', rows: 2 }, becomes: { graph: 'dummy', rows: 2 } },
  // What this device can't have, knows nothing of, or is a GPU's.
  { style: 'fused', runShape: { graph: 'own', rows: 1 }, becomes: { graph: 'rows' } },
  { style: 'fused', runShape: { graph: 'slots', rows: 4 }, becomes: { graph: 'rows' } },
  { style: 'fused', runShape: { graph: 'later', rows: 7 }, becomes: { graph: 'rows' } },
] as const)('a $style stage that ran in $runShape elsewhere runs so here, where it can', async (one) => {
  const whole = (await model(one.style)).stage({ firstLayer: 0, lastLayer: 3 });
  const stage = await stageOf({ ...whole, runShape: one.runShape }, { mostFilledRows: 4 });
  expect(stage.stepShape).toMatchObject(one.becomes);
});

/** An ONNX Runtime that rounds the new rows of caches by how many tokens are in a run. */
function roundingByRows(): OrtModule {
  const create = async (...args: Parameters<OrtModule['InferenceSession']['create']>) => {
    const made = await nodeOrt.InferenceSession.create(...args);
    return {
      release: () => made.release(),
      run: async (...run: Parameters<typeof made.run>) => {
        const outputs = await made.run(...run);
        const tokens = run[0]['input_ids']?.dims[1] ?? 0;
        for (const [name, { data }] of Object.entries(outputs))
          if (!name.includes('logits') && data instanceof Float32Array && tokens > 3)
            for (const [place, value] of data.entries()) data[place] = value * (1 + 1e-6);
        return outputs;
      },
    };
  };
  return { Tensor: nodeOrt.Tensor, InferenceSession: { create } } as unknown as OrtModule;
}
