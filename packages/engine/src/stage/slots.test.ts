/**
 * Sessions whose caches are slots of one buffer, as on a GPU in a tab, on a device in script's memory: the CPU computes. That
 * WebGPU does the same is tested in a browser (e2e/browser/stageContract.spec.ts).
 */
import path from 'node:path';
import { SamplingDescription, type FrameTensor, type RunShape } from '@potluck/protocol';
import { describe, expect, it } from 'vitest';
import type { OpenCache, Stage, StepResult } from '../contract/stage.ts';
import type { OrtModule } from '../ortModule.ts';
import { RunQueue } from '../queue/runQueue.ts';
import { nodeOrt } from '../testing/nodeOrt.ts';
import { importOnce, type ImportedModel } from '../testing/importedModel.ts';
import { scriptGpu, withScriptGpu, type ScriptGpu } from '../testing/scriptGpu.ts';
import { testModels } from '../testing/testModels.ts';
import { model, stageOf } from '../testing/tinyStages.ts';
import { watchOverlap } from '../testing/watchOverlap.ts';
import type { StageOptions } from './stageOptions.ts';

/** Greedy, with numbers that tell logits apart by their last bits. */
const sampling = SamplingDescription.parse({ temperature: 0, seed: 0, topLogprobs: 5 });
const cacheBytes = 2 * 1024 * 1024;

/** A session's tokens: made up, so that they are the same whatever comes out. */
const token = (session: number, position: number): number => (session * 131 + position * 37 + 5) % 500;

interface Slotted {
  stages: Stage[];
  gpu: ScriptGpu;
  calls(this: void): number;
}

async function slotted(
  layers: readonly [first: number, last: number][] = [[0, 3]],
  more: Partial<StageOptions> = {},
  subject: () => Promise<ImportedModel> = () => model('fused'),
  ort: OrtModule = nodeOrt,
): Promise<Slotted> {
  // Not a number in float32: what nobody wrote must count for nothing.
  const gpu = scriptGpu(0xff);
  const watched = watchOverlap(withScriptGpu(ort));
  const queue = new RunQueue();
  const stages: Stage[] = [];
  for (const [firstLayer, lastLayer] of layers) {
    const options: Partial<StageOptions> = {
      ...{ queue, cacheStrategy: 'in-place', gpuDevice: gpu.device, mostFilledRows: 4, cacheBytes, ...more },
    };
    stages.push(await stageOf((await subject()).stage({ firstLayer, lastLayer }), options, watched.ort));
  }
  gpu.mostBytes = gpu.heldBytes();
  return { stages, gpu, calls: () => watched.calls() };
}

/** Steps of sessions, with all that they give away, by session and position. */
class Sessions {
  readonly #stages: readonly Stage[];

  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
  }

  async open(cacheId: string, capacity: number, more: Partial<OpenCache> = {}): Promise<void> {
    for (const stage of this.#stages)
      await stage.open({ cacheId, epoch: 0, capacity, promptLength: 1, sampling, ...more });
  }

  async each(call: (stage: Stage) => Promise<unknown>): Promise<void> {
    for (const stage of this.#stages) await call(stage);
  }

  async step(cacheId: string, session: number, position: number, length = 1): Promise<unknown[]> {
    const given: unknown[] = [];
    const tokenIds = Array.from({ length }, (_, row) => token(session, position + row));
    let boundary: FrameTensor[] = [];
    for (const stage of this.#stages) {
      const request = { cacheId, epoch: 0, position, length, tokenIds, boundary, sample: true };
      const result: StepResult = await stage.step(request);
      given.push(
        result.sampled,
        ...(result.boundary ?? []).map(({ bytes }) => Buffer.from(bytes).toString('base64')),
      );
      boundary = result.boundary ?? [];
    }
    return given;
  }

  /** Steps of one token from `from` to `to`. */
  async steps(cacheId: string, session: number, from: number, to: number): Promise<unknown[]> {
    const given: unknown[] = [];
    for (let position = from; position < to; position++)
      given.push(await this.step(cacheId, session, position));
    return given;
  }
}

describe('sessions in slots', () => {
  it('give, bit by bit, what they give alone, whoever comes and goes', async () => {
    const { stages, gpu, calls } = await slotted([
      [0, 1],
      [2, 3],
    ]);
    for (const { stepShape } of stages) expect(stepShape).toMatchObject({ members: 16, replay: 'steps' });
    const sessions = new Sessions(stages);
    const plans = Array.from({ length: 10 }, (_, session) => ({
      session,
      prompt: 1 + ((session * 7) % 18),
      answer: session % 3 === 0 ? 5 : 14,
      capacity: session % 4 === 0 ? 120 : 40,
      after: session % 4,
    }));
    const play = async (prefix: string, plan: (typeof plans)[number]): Promise<unknown[]> => {
      const { session, prompt, answer, capacity, after } = plan;
      const cacheId = `${prefix} ${session}`;
      await sessions.open(cacheId, capacity);
      for (let turn = 0; turn < after; turn++) await new Promise((resolve) => setImmediate(resolve));
      const given: unknown[] = [await sessions.step(cacheId, session, 0, prompt)];
      given.push(...(await sessions.steps(cacheId, session, prompt, prompt + answer)));
      await sessions.each((stage) => stage.release(cacheId));
      return given;
    };
    const alone: unknown[] = [];
    for (const plan of plans) alone.push(await play('alone', plan));
    const before = calls();
    const together = await Promise.all(plans.map((plan) => play('together', plan)));
    const steps = plans.reduce((sum, { answer }) => sum + 1 + answer, 0);
    expect(calls() - before).toBeLessThan((stages.length * steps) / 2);
    expect(together).toEqual(alone);
    await sessions.each((stage) => stage.dispose());
    expect(gpu.heldBytes()).toBe(0);
  });

  it('go on as alone after they were copied, taken, cut back and fed several tokens', async () => {
    const { stages } = await slotted();
    const sessions = new Sessions(stages);
    const begin = async (cacheId: string): Promise<void> => {
      await sessions.open(cacheId, 64);
      await sessions.step(cacheId, 1, 0, 6);
    };
    await begin('right');
    const right = await sessions.steps('right', 1, 6, 14);
    for (const cacheId of ['a', 'b', 'c', 'd']) await begin(cacheId);
    const all = (from: number, to: number, ...cacheIds: string[]): Promise<unknown[][]> =>
      Promise.all(cacheIds.map((cacheId) => sessions.steps(cacheId, 1, from, to)));
    const expected = (from: number, to: number) => right.slice(from - 6, to - 6);
    for (const given of await all(6, 10, 'a', 'b', 'c', 'd')) expect(given).toEqual(expected(6, 10));
    await sessions.open('e', 64, { from: { cacheId: 'a', length: 8, take: false } });
    await sessions.open('f', 48, { from: { cacheId: 'b', length: 8, take: true } });
    await sessions.open('g', 64, { from: { cacheId: 'c', length: 10, take: true } });
    await sessions.each((stage) => stage.truncate('d', 8));
    const [e, f, d, a, g] = await Promise.all([
      ...['e', 'f', 'd'].map((cacheId) => sessions.steps(cacheId, 1, 8, 14)),
      ...['a', 'g'].map((cacheId) => sessions.steps(cacheId, 1, 10, 14)),
    ]);
    for (const given of [e, f, d]) expect(given).toEqual(expected(8, 14));
    for (const given of [a, g]) expect(given).toEqual(expected(10, 14));
    // A chunk of one that shares runs, as when a session's tokens are computed again.
    await begin('right again');
    await sessions.steps('right again', 1, 6, 14);
    const chunk = await sessions.step('right again', 1, 14, 5);
    const [ofChunk] = await Promise.all([sessions.step('a', 1, 14, 5), sessions.steps('e', 1, 14, 18)]);
    expect(ofChunk).toEqual(chunk);
    expect(await sessions.steps('a', 1, 19, 22)).toEqual(await sessions.steps('right again', 1, 19, 22));
  });

  it('take no more memory than they have reserved, but for one tensor that moves', async () => {
    const { stages, gpu } = await slotted();
    const [stage] = stages;
    const sessions = new Sessions(stages);
    // A long one between short ones has no place in their slots.
    const capacities = [126, 20, 20, 24];
    const prompts = [100, 3, 5, 7];
    const names = capacities.map((capacity, session) => `${capacity} ${session}`);
    let reserved = 0;
    for (const [session, cacheId] of names.entries()) {
      await sessions.open(cacheId, capacities[session] ?? 0);
      await sessions.step(cacheId, session, 0, prompts[session]);
    }
    reserved = (await stage?.usage())?.reservedBytes ?? 0;
    const columns = stage?.description.caches.length ?? 1;
    await Promise.all(
      names.map((cacheId, session) => {
        const from = prompts[session] ?? 0;
        return sessions.steps(cacheId, session, from, from + 12);
      }),
    );
    expect(gpu.mostBytes).toBeLessThanOrEqual(reserved * (1 + 1 / columns));
    // When the others end, the last one gives back what they had reserved.
    for (const cacheId of names.slice(0, -1)) await sessions.each((each) => each.release(cacheId));
    reserved = (await stage?.usage())?.reservedBytes ?? 0;
    await sessions.each((each) => each.resize(reserved));
    expect(reserved).toBeGreaterThan(0);
    expect(gpu.heldBytes()).toBeLessThanOrEqual(reserved);
  });

  it('give their place up when they wait long, and find one when they come again', async () => {
    const { stages } = await slotted();
    const sessions = new Sessions(stages);
    const play = async (prefix: string, together: boolean): Promise<unknown[]> => {
      const names = ['a', 'b', 'c'].map((name) => `${prefix} ${name}`);
      for (const [session, name] of names.entries()) {
        await sessions.open(name, 80);
        await sessions.step(name, session, 0, 5);
      }
      const given: unknown[] = [];
      const goOn = async (from: number, to: number, who: number[]): Promise<void> => {
        const steps = who.map((session) => () => sessions.steps(names[session] ?? '', session, from, to));
        if (together) given.push(...(await Promise.all(steps.map((step) => step()))));
        else for (const step of steps) given.push(await step());
      };
      await goOn(5, 9, [0, 1, 2]);
      await goOn(9, 50, [0, 1]);
      await goOn(9, 14, [2]);
      await goOn(14, 20, [2]);
      await goOn(50, 54, [0, 1]);
      for (const name of names) await sessions.each((stage) => stage.release(name));
      return given;
    };
    expect(await play('together', true)).toEqual(await play('alone', false));
  });

  it.each([
    ['four rows are too many', { mostFilledRows: 1 }],
    ['four rows take a lone stream too long', { mostLoneTime: 0 }],
    ['there is too little room for caches', { cacheBytes: 64 * 1024 }],
  ])('are none where %s: steps run one by one, in the shapes of the exported graph', async (_, options) => {
    const { stages } = await slotted([[0, 3]], options);
    expect(stages[0]?.stepShape).toEqual({ graph: 'own', members: 1, rows: 1, replay: 'steps' });
    const sessions = new Sessions(stages);
    const play = async (cacheId: string): Promise<unknown[]> => {
      await sessions.open(cacheId, 16);
      await sessions.step(cacheId, 1, 0, 5);
      return sessions.steps(cacheId, 1, 5, 8);
    };
    const [first, second] = await Promise.all([play('a'), play('b')]);
    expect(first).toEqual(second);
  });

  it('are as they were elsewhere, whatever this device would choose: what follows has the bits of one device', async () => {
    const like = (runShape: RunShape) => async (): Promise<ImportedModel> => {
      const imported = await model('fused');
      return { ...imported, stage: (range) => ({ ...imported.stage(range), runShape }) };
    };
    const slots = { graph: 'slots', rows: 4 };
    // Its own trial says that four rows take too long.
    const forced = { mostLoneTime: 0 };
    const [usual, same, lone] = await Promise.all([
      slotted([[0, 3]]),
      slotted([[0, 3]], forced, like(slots)),
      slotted([[0, 3]], {}, like({ graph: 'own', rows: 1 })),
    ]);
    expect([usual, same, lone].map(({ stages }) => stages[0]?.stepShape)).toMatchObject([
      slots,
      slots,
      { graph: 'own', rows: 1 },
    ]);
    const play = async ({ stages }: Slotted): Promise<unknown[]> => {
      const sessions = new Sessions(stages);
      await sessions.open('a', 16);
      return [await sessions.step('a', 1, 0, 5), ...(await sessions.steps('a', 1, 5, 12))];
    };
    expect(await play(same)).toEqual(await play(usual));
    // Too little room for slots: what is wanted is not possible, and the stage says so.
    const small = await slotted([[0, 3]], { cacheBytes: 64 * 1024 }, like(slots));
    expect(small.stages[0]?.stepShape.graph).toBe('own');
  });

  it('are none where the device refuses the graph with slots', async () => {
    const refuses = 'potluck/slots/shape';
    const session = async (...args: Parameters<OrtModule['InferenceSession']['create']>) => {
      const made = await nodeOrt.InferenceSession.create(...args);
      return {
        release: () => made.release(),
        run: async (...run: Parameters<typeof made.run>) => {
          if (refuses in run[0]) throw new Error('no such kernel');
          return made.run(...run);
        },
      };
    };
    const ort = { Tensor: nodeOrt.Tensor, InferenceSession: { create: session } } as unknown as OrtModule;
    const { stages } = await slotted([[0, 3]], {}, undefined, ort);
    expect(stages[0]?.stepShape.members).toBe(1);
    const sessions = new Sessions(stages);
    await sessions.open('a', 16);
    await expect(sessions.step('a', 1, 0, 5)).resolves.toHaveLength(1);
  });

  it('outgrow their slots and stay right to the last token of the context', async () => {
    const { stages } = await slotted();
    const sessions = new Sessions(stages);
    const { contextLength } = stages[0]?.description ?? { contextLength: 0 };
    const play = async (cacheId: string, session: number): Promise<unknown[]> => {
      await sessions.open(cacheId, contextLength);
      // Their slots are then a few rows short of the context.
      await sessions.step(cacheId, session, 0, contextLength - 70);
      return sessions.steps(cacheId, session, contextLength - 70, contextLength);
    };
    const alone = [await play('alone 1', 1), await play('alone 2', 2)];
    await sessions.each((stage) => stage.release('alone 1'));
    await sessions.each((stage) => stage.release('alone 2'));
    expect(await Promise.all([play('1', 1), play('2', 2)])).toEqual(alone);
  });
});

const real = ['llama', 'qwen2', 'qwen3', 'phi3'].map((family): [string, string] => [
  `architectures/${family}`,
  'model',
]);
real.push(['minimind2-small', 'model_q4f16'], ['exports/genai-gemma2', 'model']);

describe.each(testModels === undefined ? [] : real)('sessions of %s', (folder, graph) => {
  it('give in company, bit by bit, what they give alone', async () => {
    const subject = () => importOnce(path.join(testModels ?? '', folder), `${graph}.onnx`);
    const { stages } = await slotted([[0, 1]], { cacheBytes: 64 * 1024 * 1024 }, subject);
    expect(stages[0]?.stepShape.members).toBe(16);
    const sessions = new Sessions(stages);
    const play = async (cacheId: string, session: number): Promise<unknown[]> => {
      await sessions.open(cacheId, 40);
      await sessions.step(cacheId, session, 0, 3 + 4 * session);
      return sessions.steps(cacheId, session, 3 + 4 * session, 9 + 4 * session);
    };
    const alone: unknown[] = [];
    for (const session of [0, 1, 2]) alone.push(await play(`alone ${session}`, session));
    const together = await Promise.all([0, 1, 2].map((session) => play(`together ${session}`, session)));
    expect(together).toEqual(alone);
  });
});
