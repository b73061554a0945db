/**
 * The management API's shapes: zod schemas that the hub validates with and describes itself by, and their types for
 * clients. No I/O. A client needs the types only.
 *
 * @example
 * import type { Node } from '@potluck/api';
 * const { nodes } = (await (await fetch('/api/nodes')).json()) as { nodes: Node[] };
 */
export * from './certificate.ts';
export * from './common.ts';
export * from './conversations.ts';
export * from './deployments.ts';
export * from './diagnostics.ts';
export * from './events.ts';
export { formatBytes } from './formatBytes.ts';
export * from './history.ts';
export * from './hub.ts';
export * from './invites.ts';
export * from './keys.ts';
export * from './models.ts';
export * from './nodes.ts';
export { predictionError } from './predictionError.ts';
export * from './predictions.ts';
export * from './requests.ts';
export * from './session.ts';
export * from './settings.ts';
export * from './storage.ts';
export * from './usage.ts';
export * from './waitingWorkers.ts';
