// @ts-check
/** One program stands for another, which it started. Plain JavaScript that any Node can read, as bin/potluck.js is. */
import os from 'node:os';

/**
 * Windows tells all programs of a console, and ends a program that another one signals. Elsewhere a signal may come to this
 * program alone.
 * @param {NodeJS.Platform} platform
 * @returns {{ passed: NodeJS.Signals[], left: NodeJS.Signals[] }} signals that the other program is told, and those that it hears itself
 */
export function signalsFor(platform) {
  return platform === 'win32'
    ? { passed: [], left: ['SIGINT', 'SIGBREAK', 'SIGHUP'] }
    : { passed: ['SIGINT', 'SIGTERM', 'SIGHUP'], left: [] };
}

/**
 * As a shell has it.
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 */
export function exitCodeOf(code, signal) {
  return code ?? (signal === null ? 1 : 128 + os.constants.signals[signal]);
}

/**
 * Lives and ends with another program.
 * @param {import('node:child_process').ChildProcess} child
 */
export function standFor(child) {
  const { passed, left } = signalsFor(process.platform);
  for (const signal of passed) process.on(signal, () => child.kill(signal));
  for (const signal of left) process.on(signal, () => undefined);
  // npm ends at a signal with its shell, and tells nobody.
  const { ppid } = process;
  if (/\bpotluck\b/.test(process.env.npm_lifecycle_script ?? '')) {
    const timer = setInterval(() => {
      if (process.ppid === ppid) return;
      clearInterval(timer);
      child.kill('SIGTERM');
    }, 500).unref();
  }
  child.on('exit', (code, signal) => process.exit(exitCodeOf(code, signal)));
}
