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

  async function update(): Promise<void> {
    if (!wanted) return held?.release();
    if (!wakeLock || held || document.visibilityState !== 'visible') return;
    try {
      const sentinel = await wakeLock.request('screen');
      held = sentinel;
      sentinel.addEventListener('release', () => {
        if (held === sentinel) held = undefined;
        onChange(false);
      });
      onChange(true);
      if (!(wanted as boolean)) await sentinel.release();
    } catch {
      onChange(false); // Low battery, or the browser does not want to.
    }
  }

  document.addEventListener('visibilitychange', () => void update());
  return {
    want(next) {
      wanted = next;
      void update();
    },
  };
}
