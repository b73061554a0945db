/** Which device won for which kind of model, kept in the worker's data directory. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { StageDescription } from '@potluck/protocol';
import { messageOf, type Log } from '@potluck/worker';
import { z } from 'zod';
import type { Verdict } from './decideDevice.ts';
import type { FoundDevice } from './findDevices.ts';

const Verdicts = z.record(
  z.string(),
  z.object({ kind: z.enum(['cuda', 'webgpu', 'cpu']), reason: z.string() }),
);
/** The oldest is forgotten beyond. */
const mostVerdicts = 200;

export interface DeviceVerdicts {
  find(kind: string): Verdict | undefined;
  keep(kind: string, verdict: Verdict): void;
}

/** A file that is missing or spoilt counts as empty: stages are tried again then. */
export function deviceVerdicts({ log }: { log: Log }, file: string): DeviceVerdicts {
  const known = new Map<string, Verdict>(Object.entries(read(file)));
  return {
    find: (kind) => known.get(kind),
    keep(kind, verdict) {
      known.delete(kind);
      known.set(kind, verdict);
      const entries = [...known].slice(-mostVerdicts);
      try {
        writeFileSync(`${file}.new`, `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`);
        renameSync(`${file}.new`, file);
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'which device is faster could not be kept for the next start');
      }
    },
  };
}

/**
 * Stages that are as fast as each other have one name: those of one shape, on the same devices, with the same ONNX
 * Runtime. The graph's size, which has no weights in it, stands for how it was exported.
 */
export function modelKind(
  stage: StageDescription,
  devices: readonly FoundDevice[],
  runtimeVersion: string,
): string {
  const shape = [
    ...[stage.lastLayer - stage.firstLayer + 1, stage.graph.size, stage.weightBytes, stage.contextLength],
    ...[stage.inputs, stage.boundaryIn, stage.boundaryOut, stage.logits],
    stage.caches.map(({ kind, type, dims, capacityPadded }) => [kind, type, dims, capacityPadded]),
    devices.map(({ kind, description }) => [kind, description]),
    runtimeVersion,
  ];
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 32);
}

function read(file: string): z.infer<typeof Verdicts> {
  try {
    return Verdicts.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
