/**
 * Signals that tell a program to end in good order. Windows has them, too, when somebody presses Ctrl-Break or closes the
 * window; elsewhere a closed terminal sends SIGHUP, which `nohup` takes back, and a listener would undo that.
 */
export function stopSignals(platform: NodeJS.Platform = process.platform): readonly NodeJS.Signals[] {
  const everywhere = ['SIGINT', 'SIGTERM'] as const;
  return platform === 'win32' ? [...everywhere, 'SIGBREAK', 'SIGHUP'] : everywhere;
}
