/** Keeps the screen on; browsers take it away whenever the page is hidden, so it is asked for again. */

export interface ScreenWakeLock {
  /** Wanted from now on, whenever the page is visible. */
  want(wanted: boolean): void;
}

/** @param onChange told whether the screen is kept on */
export function screenWakeLock(onChange: (held: boolean) => void): ScreenWakeLock {
  const { wakeLock } = navigator as { wakeLock?: WakeLock };
  let wanted = false;
  let held: WakeLockSentinel | undefined;
  /** One after the other: what changes while the browser is asked counts when it has answered. */
  let updates: Promise<void> = Promise.resolve();

  async function update(): Promise<void> {
    if (!wanted) return held?.release();
    if (!wakeLock || held || document.visibilityState !== 'visible') return;
    try {
      const sentinel = await wakeLock.request('screen');
      sentinel.addEventListener('release', () => {
        if (held === sentinel) held = undefined;
        onChange(false);
      });
      // The page may have been hidden meanwhile.
      if (sentinel.released) return;
      held = sentinel;
      onChange(true);
    } catch {
      onChange(false); // Low battery, or the browser does not want to.
    }
  }

  const look = (): void => {
    updates = updates.then(update);
  };
  document.addEventListener('visibilitychange', look);
  return {
    want(next) {
      wanted = next;
      look();
    },
  };
}
