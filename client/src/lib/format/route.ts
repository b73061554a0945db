import { counted } from './counted.ts';

/** One part of the way of an answer: a device and the layers that it ran. */
export interface RoutePart {
  worker: string;
  /** Where it is known: a route has names only. */
  workerId?: string;
  firstLayer: number;
  lastLayer: number;
}

/** Takes `worker[first-last],…` apart, as the `x-potluck-route` header has it, with names that are percent-encoded. */
export function parseRoute(route: string): RoutePart[] {
  return [...route.matchAll(/([^,[\]]+)\[(\d+)-(\d+)\]/g)].map(([, worker = '', first, last]) => ({
    worker: decoded(worker),
    firstLayer: Number(first),
    lastLayer: Number(last),
  }));
}

/** Where an answer was computed, in a few words. A device that ran several stages counts once. */
export function describeRoute(route: readonly RoutePart[]): string {
  const devices = new Set(route.map(({ worker }) => worker));
  const [only = ''] = devices;
  return devices.size === 1 ? `on ${only}` : counted(devices.size, ['on # device', 'on # devices']);
}

/** A route of an older hub may hold a `%` that encodes nothing. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
