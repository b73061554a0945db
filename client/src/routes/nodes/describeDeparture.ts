import type { DepartureEffect } from '@potluck/api';
import { formatList } from '#lib/format/formatList.ts';
import { fromHub } from '#lib/hub/fromHub.ts';

/** What happens to a model if a device leaves, in a sentence. */
export function describeDeparture({ model, outcome, devices, reason }: DepartureEffect): string {
  const who = formatList(devices);
  switch (outcome) {
    case 'replica':
      return `${model} goes on at once: another copy runs on ${who}.`;
    case 'standby':
      return `${model} goes on at once: ${who} stands by with the layers.`;
    case 'spare':
      return devices.length === 0
        ? `${model} starts again on the other devices. Answers wait until the layers are there.`
        : `${model} pauses until ${who} has loaded the layers. Answers wait for that.`;
    case 'stops':
      return reason === null ? `${model} stops.` : `${model} stops: ${fromHub(reason)}.`;
  }
}
