import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StageArtifact, StageHost } from '@potluck/engine';
import { Sha256 } from '@potluck/protocol';
import { silentLog, WrongAnswerError } from '@potluck/worker';
import { echoStage, echoStageHost } from '@potluck/worker/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { choosingStageHost } from './choosingStageHost.ts';
import { decideDevice } from './decideDevice.ts';
import { deviceVerdicts, modelKind } from './deviceVerdicts.ts';
import type { FoundDevice } from './findDevices.ts';
import type { Provider } from './probeDevice.ts';

let directory = '';
/** `provider load`, `provider unload` in the order in which they happened. */
let happened: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'potluck-devices-'));
  happened = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

const devices: FoundDevice[] = (['webgpu', 'cpu'] as const).map((kind) => ({
  ...{ kind, description: kind, float16: true },
}));

/** What a chunk of a prompt and a token take on a device that only stands in for one; or why it fails. */
type Script = [promptMs: number, tokenMs: number] | Error;

function scriptedHost(kind: Provider, scriptOf: () => Script): StageHost {
  const host = echoStageHost();
  return {
    async load(artifact, cacheBytes) {
      happened.push(`${kind} load`);
      const script = scriptOf();
      if (script instanceof Error) throw script;
      const stage = await host.load(artifact, cacheBytes);
      return {
        ...stage,
        step: async (request) => {
          const result = await stage.step(request);
          return { ...result, computeMs: script[request.length === 1 ? 1 : 0] };
        },
        dispose: async () => {
          happened.push(`${kind} unload`);
          await stage.dispose();
        },
      };
    },
  };
}

function hostWith(scripts: Partial<Record<Provider, Script>>, log = silentLog): StageHost {
  return choosingStageHost({
    hosts: devices.map(({ kind }) => ({
      kind,
      host: scriptedHost(kind, () => scripts[kind] ?? new Error('not there')),
    })),
    verdicts: deviceVerdicts({ log: silentLog }, join(directory, 'devices.json')),
    kindOf: (stage) => modelKind(stage, devices, '1.30.0'),
    log,
  });
}

const artifact = (graphBytes = 10): StageArtifact => ({
  description: echoStage({
    ...{ layerCount: 2, firstLayer: 0, lastLayer: 1 },
    graph: { sha256: Sha256.parse('a'.repeat(64)), size: graphBytes },
  }),
  graph: new Uint8Array(graphBytes),
  weights: [],
});

describe('a stage on a machine with several devices', () => {
  it('is tried on each, one after the other, and served by the faster', async () => {
    const told: string[] = [];
    const log = { ...silentLog, info: (_: object, text: string) => void told.push(text) };
    const stage = await hostWith({ webgpu: [20, 7], cpu: [110, 11] }, log).load(artifact(), 1e6);
    expect(happened).toEqual(['cpu load', 'cpu unload', 'webgpu load']);
    const reason =
      'webgpu: 20.0 ms for 128 tokens of a prompt, 7.0 ms for a token; cpu 110 ms for 128 tokens of a prompt, 11.0 ms for a token';
    expect(stage.computesWith).toBe(reason);
    expect(told).toEqual([`computes echo with ${reason}`]);
  });

  it('is loaded again where the likelier device loses, and says at each part what is done', async () => {
    const notes: string[] = [];
    const stage = await hostWith({ webgpu: [20, 10], cpu: [110, 5] }).load(artifact(), 1e6, (note) =>
      notes.push(note),
    );
    expect(notes).toEqual([
      'tries cpu: loads the stage',
      'tries cpu: measures the stage',
      'tries webgpu: loads the stage',
      'tries webgpu: measures the stage',
      'loads the stage with cpu, which was the fastest',
    ]);
    expect(happened).toEqual(['cpu load', 'cpu unload', 'webgpu load', 'webgpu unload', 'cpu load']);
    expect(stage.computesWith).toMatch(/^cpu: /);
  });

  it('is not tried again, nor after a restart; a device that lost may still win another kind of model', async () => {
    const scripts: Partial<Record<Provider, Script>> = { webgpu: [20, 10], cpu: [110, 5] };
    await hostWith(scripts).load(artifact(), 1e6);
    happened = [];
    const restarted = hostWith(scripts);
    expect((await restarted.load(artifact(), 1e6)).computesWith).toMatch(/^cpu: /);
    expect(happened).toEqual(['cpu load']);
    Object.assign(scripts, { webgpu: [20, 7], cpu: [110, 11] });
    expect((await restarted.load(artifact(11), 1e6)).computesWith).toMatch(/^webgpu: /);
  });

  it('goes on where a device fails, which may pass and is not kept', async () => {
    const scripts: Partial<Record<Provider, Script>> = {
      webgpu: new WrongAnswerError('off by 12 %'),
      cpu: [9, 9],
    };
    const host = hostWith(scripts);
    expect((await host.load(artifact(), 1e6)).computesWith).toMatch(
      /^cpu: .*; webgpu fails \(off by 12 %\)$/,
    );
    scripts.webgpu = [1, 1];
    expect((await host.load(artifact(), 1e6)).computesWith).toMatch(/^webgpu: /);
    // And the device that won before has no memory now.
    scripts.webgpu = new Error('no memory');
    expect((await host.load(artifact(), 1e6)).computesWith).toMatch(/^cpu: /);
    scripts.cpu = new Error('neither');
    await expect(host.load(artifact(), 1e6)).rejects.toThrow('no memory');
  });

  it('with one device is just loaded', async () => {
    const verdicts = deviceVerdicts({ log: silentLog }, join(directory, 'devices.json'));
    const hosts = [{ kind: 'cpu' as const, host: scriptedHost('cpu', () => [1, 1]) }];
    const host = choosingStageHost({ hosts, verdicts, kindOf: () => 'any', log: silentLog });
    expect((await host.load(artifact(), 1e6)).computesWith).toBeUndefined();
    expect(happened).toEqual(['cpu load']);
  });
});

describe('the verdict', () => {
  it('weighs the prompt and the tokens of a short answer', () => {
    const trial = (kind: Provider, promptMs: number, tokenMs: number) => ({
      kind,
      outcome: { promptMs, tokenMs },
    });
    expect(decideDevice([trial('webgpu', 10, 10), trial('cpu', 300, 6)])?.kind).toBe('webgpu');
    expect(decideDevice([trial('webgpu', 10, 10), trial('cpu', 100, 5)])?.kind).toBe('cpu');
    expect(decideDevice([{ kind: 'webgpu', outcome: { problem: 'x' } }])).toBeUndefined();
  });

  it('holds for one shape, these devices and this version', () => {
    const { description } = artifact();
    const kind = modelKind(description, devices, '1.30.0');
    expect(modelKind({ ...description, model: 'other' as never }, devices, '1.30.0')).toBe(kind);
    expect(modelKind({ ...description, weightBytes: 1 }, devices, '1.30.0')).not.toBe(kind);
    expect(modelKind(description, devices.slice(1), '1.30.0')).not.toBe(kind);
    expect(modelKind(description, devices, '1.31.0')).not.toBe(kind);
  });

  it('is forgotten with a file that is spoilt', () => {
    const file = join(directory, 'devices.json');
    const verdict = { kind: 'cpu' as const, reason: 'it is faster' };
    deviceVerdicts({ log: silentLog }, file).keep('kind', verdict);
    expect(deviceVerdicts({ log: silentLog }, file).find('kind')).toEqual(verdict);
    writeFileSync(file, '{"kind":{"kind":"tpu"}}');
    expect(deviceVerdicts({ log: silentLog }, file).find('kind')).toBeUndefined();
  });
});
