/** What happens to the page while the work goes on elsewhere. */
import type { WorkerPresence } from '@potluck/protocol';

export interface PageWatcher {
  onPresence(presence: WorkerPresence['state']): void;
  /** The network is back, or the page woke up. */
  onWake(): void;
  /** The page goes away, maybe for good. */
  onGone(): void;
}

/** @returns what the page is now */
export function pagePresence(): 'visible' | 'hidden' {
  return document.visibilityState === 'hidden' ? 'hidden' : 'visible';
}

/** Watches until the signal is aborted. */
export function watchPage(watcher: PageWatcher, signal: AbortSignal): void {
  const tell = (): void => watcher.onPresence(pagePresence());
  const wake = (): void => {
    tell();
    watcher.onWake();
  };
  document.addEventListener('visibilitychange', tell, { signal });
  document.addEventListener('freeze', () => watcher.onPresence('frozen'), { signal });
  document.addEventListener('resume', wake, { signal });
  window.addEventListener('pageshow', ({ persisted }) => persisted && wake(), { signal });
  window.addEventListener('online', wake, { signal });
  window.addEventListener('pagehide', () => watcher.onGone(), { signal });
}
