/**
 * A browser tab as a worker: the host of packages/worker for tabs. The page gets one object with commands and a snapshot
 * that changes; all the work is done in web workers.
 *
 * @example
 * const tab = createTabWorker({ token });          // the join token of the link; later visits need none
 * const stop = tab.subscribe((snapshot) => show(snapshot));   // at once, then at every change
 * // snapshot.state is 'idle': show snapshot.offer, let the person choose
 * tab.change({ name: 'Attic laptop', memoryBytes: 2e9 });
 * await tab.start();                               // from a click: tone and wake lock need one
 * // … snapshot.stages, snapshot.peers, snapshot.served
 * await tab.pause();  await tab.resume();  await tab.leave();  await tab.forgetWeights();
 *
 * A tab that was contributing when it was reloaded starts by itself; one that was paused stays so.
 */
export { createTabWorker } from './createTabWorker.ts';
export type { PauseReason } from './policies/whyPause.ts';
export type { TabSettings } from './settings/tabSettings.ts';
export type {
  DeviceOffer,
  GpuClass,
  HubView,
  PackView,
  PeerView,
  Problem,
  ServedView,
  StageView,
  StayAliveView,
  TabEvent,
  TabSnapshot,
  TabState,
} from './snapshot.ts';
export type { TabWorker, TabWorkerOptions } from './tabWorker.ts';
