/** Unix time in milliseconds with fraction: what frames carry as `sentAt`. */
export const unixMs = (): number => performance.timeOrigin + performance.now();
