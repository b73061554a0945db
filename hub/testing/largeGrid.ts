/** A grid of a thousand unequal workers and models of 80 layers, the same for the same seed. */
import { ModelId, WorkerId, type Device } from '@potluck/protocol';
import type { PlacedModel } from '../placement/candidates.ts';
import type { GridLink, GridView, GridWorker } from '../placement/gridView.ts';
import { gridWorker, placedModel } from './gridView.ts';
import { seededRandom } from './seededRandom.ts';

const devices: (Device & { gigabytes: readonly number[]; msPerGigabyte: number })[] = [
  { kind: 'cpu', description: 'a laptop', float16: true, gigabytes: [2, 4, 8, 16], msPerGigabyte: 120 },
  { kind: 'wasm', description: 'a phone', float16: false, gigabytes: [0.5, 1, 2], msPerGigabyte: 400 },
  { kind: 'webgpu', description: 'a GPU', float16: true, gigabytes: [2, 4, 8, 12], msPerGigabyte: 30 },
  { kind: 'cuda', description: 'a server', float16: true, gigabytes: [24, 48], msPerGigabyte: 4 },
];
/** How common devices are: few servers. */
const commonness = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3];
/** Workers that each knows. */
const peersKnown = 16;

export function largeGrid(seed: number, count = 1000): GridView {
  const random = seededRandom(seed);
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const workers = Array.from({ length: count }, (_, index): GridWorker => {
    const { gigabytes, msPerGigabyte, ...device } = devices[oneOf(commonness)] as (typeof devices)[number];
    const isMeasured = random() < 0.5;
    return gridWorker(`worker-${index}`, oneOf(gigabytes) * 1e9, {
      id: WorkerId.parse(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`),
      device,
      kind: device.kind === 'cpu' || device.kind === 'cuda' ? 'node' : 'browser',
      ...(device.kind === 'wasm' ? { presence: random() < 0.7 ? 'visible' : 'hidden' } : {}),
      ...(isMeasured ? { millisecondsPerByte: (msPerGigabyte * (0.5 + random())) / 1e9 } : {}),
    });
  });
  const withLinks = workers.map((worker) => {
    const links = Array.from({ length: peersKnown }, (): [WorkerId, GridLink] => [
      oneOf(workers).id,
      { state: random() < 0.2 ? 'relayed' : 'direct', roundTripMs: 1 + 60 * random(), bytesPerSecond: 1e7 },
    ]);
    return { ...worker, links: new Map(links) };
  });
  return { workers: new Map(withLinks.map((worker) => [worker.id, worker])) };
}

/** @param bytes of all weights */
export function largeModel(name: string, bytes: number): PlacedModel {
  const layerBytes = bytes / 84;
  const { workingMemory: _, ...model } = placedModel(80, layerBytes, {
    id: ModelId.parse(name),
    embeddingBytes: 2 * layerBytes,
    headBytes: 2 * layerBytes,
    contextLength: 8192,
  });
  return {
    ...model,
    layers: model.layers.map((layer, index) => ({
      ...layer,
      cacheBytesPerToken: 4096,
      boundary: index === 0 ? [] : [{ name: 'hidden', type: 'float32', dims: [1, 'step', 8192] }],
    })),
  };
}

/** Four models: at one device, at a few, at many, at hundreds. */
export const largeModels: readonly PlacedModel[] = [
  largeModel('model-4gb', 4e9),
  largeModel('model-40gb', 40e9),
  largeModel('model-250gb', 250e9),
  largeModel('model-700gb', 700e9),
];
