/** What an answer lost on its way: devices by their names, and the hub. */

/** How the hub calls itself among names of devices. */
export const hubName = /* @wc-ignore */ 'the hub';

/** The names for people. */
export function lostNames(lost: readonly string[]): string[] {
  return lost.map((name) => (name === hubName ? /* @wc-include */ 'the hub' : name));
}
