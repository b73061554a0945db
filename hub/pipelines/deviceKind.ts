/** What decides whether a device has the code that a model needs: devices of one kind fail alike. */
import type { WorkerRecord } from '../workers/workerTable.ts';

export function deviceKind({
  kind,
  device,
  version,
}: Pick<WorkerRecord, 'kind' | 'device' | 'version'>): string {
  return [kind, device.kind, device.description, device.float16, version].join('\n');
}
