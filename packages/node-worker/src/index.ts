/**
 * The headless worker: onnxruntime-node, node-datachannel and files behind the worker agent.
 *
 * @example
 * await runWorker(['--hub', 'http://192.168.1.5:8000', '--token', token]);
 */
export { findDevices, type FoundDevices } from './devices/findDevices.ts';
export { threadStageHost, type ThreadStageHost } from './engine-thread/threadStageHost.ts';
export { DeviceError } from './errors.ts';
export { runWorker } from './main.ts';
export { deviceChoices, type DeviceChoice } from './settings/settings.ts';
