/** In Node a timer that is only for tidiness keeps the process from ending. */
export function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
