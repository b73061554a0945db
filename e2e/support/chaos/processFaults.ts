/** Everything that can happen to a hub and to devices that are processes, one function each. */
import { hasEnded } from '@potluck/machine';
import type { Device, ProcessGrid } from './processGrid.ts';

export interface ProcessFaultContext {
  grid: ProcessGrid;
  /** From [0, 1). */
  random: () => number;
  /** Lets something happen meanwhile; the run waits for it at its end. */
  meanwhile: (work: Promise<void>) => void;
}

/** @returns what was lost, for people; undefined where there was nothing to lose */
export type ProcessFault = (context: ProcessFaultContext) => Promise<string | undefined>;

/** Longer than it takes a hub to miss a device that gives no sign of life. */
const sleepMs = 6_000;
const awayMs = (random: () => number): number => 500 + random() * 5000;

/** A device of the pipeline that serves, drawn. */
async function victim(
  { grid, random }: ProcessFaultContext,
  kind?: Device['kind'],
): Promise<Device | undefined> {
  const devices = (await grid.inUse()).filter(
    (one) => !one.isAsleep && !hasEnded(one.child) && (kind === undefined || one.kind === kind),
  );
  return devices[Math.floor(random() * devices.length)];
}

/** @param lose begins at once; what it returns ends when the device is back */
function losing(
  kind: Device['kind'] | undefined,
  lose: (context: ProcessFaultContext, device: Device) => Promise<void>,
) {
  return async (context: ProcessFaultContext): Promise<string | undefined> => {
    const device = await victim(context, kind);
    if (!device) return undefined;
    context.meanwhile(lose(context, device));
    return device.name;
  };
}

const hub =
  (signal: 'SIGKILL' | 'SIGTERM') =>
  async ({ grid, random }: ProcessFaultContext): Promise<string> => {
    await grid.loseHub(signal, random() * 3000);
    return 'the hub';
  };

/** By the names under which they are counted. Those of tabs find nothing where a grid has none. */
export const processFaults: Record<string, ProcessFault> = {
  killed: losing(undefined, ({ grid, random }, device) => grid.kill(device, awayMs(random))),
  hub: hub('SIGKILL'),
  asleep: losing(undefined, ({ grid }, device) => grid.sleep(device, sleepMs)),
  'tab closed': losing('tab', ({ grid, random }, device) => grid.close(device, awayMs(random))),
  'hub restarted': hub('SIGTERM'),
  'page crashed': async (context) => {
    const device = await victim(context, 'tab');
    return device && context.grid.crashPage(device) ? device.name : undefined;
  },
};
