/** When a program that runs until it is stopped is to end in good order. */
import { isatty } from 'node:tty';

/** Ctrl-C, a supervisor, a terminal that is closed; Windows has Ctrl-Break, too. */
export function stopSignals(platform: NodeJS.Platform = process.platform): readonly NodeJS.Signals[] {
  const everywhere = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  return platform === 'win32' ? [...everywhere, 'SIGBREAK'] : everywhere;
}

/**
 * A closed terminal ends what was started in it. A program without one was started by `nohup` or by a supervisor: it goes on,
 * and has to take the signal itself, since Node undoes what `nohup` did about it.
 */
export function asksToStop(
  signal: NodeJS.Signals,
  { platform = process.platform, hasTerminal }: { platform?: NodeJS.Platform; hasTerminal: boolean },
): boolean {
  return signal !== 'SIGHUP' || platform === 'win32' || hasTerminal;
}

/** Signals within so many milliseconds are one wish: a terminal tells all its programs at once, and some of them tell those that they started. */
const sameMs = 300;
const lookEveryMs = 500;

/**
 * Calls back each time that this program is asked to end, by a signal, or by the end of npm.
 * @param stop gets the signal's name
 * @returns what ends the listening
 */
export function onStop(stop: (signal: NodeJS.Signals) => void): () => void {
  const hasTerminal = [0, 1, 2].some((file) => isatty(file));
  let askedAt = -Infinity;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (!asksToStop(signal, { hasTerminal }) || now - askedAt < sameMs) return;
    askedAt = now;
    if (signal === 'SIGHUP') writeToNobody();
    stop(signal);
  };
  const signals = stopSignals();
  for (const signal of signals) process.on(signal, onSignal);
  const endLooking = whenNpmEnds(() => onSignal('SIGTERM'));
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
    endLooking();
  };
}

/** The terminal is gone: what is written there fails, and nothing else is to fail for it. */
function writeToNobody(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** npm passes SIGTERM on to its shell, which ends and tells nobody. Windows does not say that a parent is gone. */
function whenNpmEnds(ended: () => void): () => void {
  if (!/\bpotluck\b/.test(process.env['npm_lifecycle_script'] ?? '')) return () => undefined;
  const { ppid } = process;
  const timer = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(timer);
    ended();
  }, lookEveryMs).unref();
  return () => clearInterval(timer);
}
