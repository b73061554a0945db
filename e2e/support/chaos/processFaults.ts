/** Everything that can happen to a hub and to devices that are processes, one function each. */
import { hasEnded } from '@potluck/machine';
import { setTimeout as pause } from 'node:timers/promises';
import type { FrailRequest } from './frailProcess.ts';
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
/** How long a disk stays full. */
const fullMs = 10_000;
/** How long an answer is looked for that reads its prompt. */
const lookMs = 5_000;
const awayMs = (random: () => number): number => 500 + random() * 5000;

type Kind = Device['kind'] | undefined;

const isUp = ({ isAway, child }: Device): boolean => !isAway && !hasEnded(child);

/** Devices of the pipeline that serves, the first stage's first. */
async function victims({ grid }: ProcessFaultContext, kind?: Kind): Promise<Device[]> {
  return (await grid.inUse()).filter((one) => isUp(one) && (kind === undefined || one.kind === kind));
}

function drawn<T>({ random }: ProcessFaultContext, all: readonly T[]): T | undefined {
  return all[Math.floor(random() * all.length)];
}

/** @returns its name */
function kill({ grid, random, meanwhile }: ProcessFaultContext, device: Device): string {
  meanwhile(grid.kill(device, awayMs(random)));
  return device.name;
}

/** @param lose begins at once; what it returns ends when the device is back */
function losing(
  kind: Kind,
  lose: (context: ProcessFaultContext, device: Device) => Promise<void>,
): ProcessFault {
  return async (context) => {
    const device = drawn(context, await victims(context, kind));
    if (!device) return undefined;
    context.meanwhile(lose(context, device));
    return device.name;
  };
}

/** What the process of a worker does to itself. */
function asking(request: FrailRequest): ProcessFault {
  return async (context) => {
    const device = drawn(context, await victims(context, 'node'));
    return device && context.grid.ask(device, request) ? device.name : undefined;
  };
}

const hub =
  (signal: 'SIGKILL' | 'SIGTERM'): ProcessFault =>
  async ({ grid, random }) => {
    await grid.loseHub(signal, random() * 3000);
    return 'the hub';
  };

/** The hub and a device in one moment. */
const hubAndDevice: ProcessFault = async (context) => {
  const device = drawn(context, await victims(context));
  if (!device) return undefined;
  const name = kill(context, device);
  await context.grid.loseHub('SIGKILL', context.random() * 3000);
  return `the hub, ${name}`;
};

/** All devices of a pipeline, or all but one. */
const severalAtOnce: ProcessFault = async (context) => {
  const all = await victims(context);
  const spared = context.random() < 0.5 ? drawn(context, all) : undefined;
  const names = all.filter((device) => device !== spared).map((device) => kill(context, device));
  return names.length > 0 ? names.join(', ') : undefined;
};

/** Who may take the place of a device can't load what it is to compute. */
const loadFailed: ProcessFault = async (context) => {
  const { grid } = context;
  const device = drawn(context, await victims(context));
  if (!device) return undefined;
  const failing = (await grid.spares())
    .filter((spare) => grid.ask(spare, 'fail load'))
    .map(({ name }) => name);
  return `${kill(context, device)}, and a load at ${failing.join(', ') || 'nobody'}`;
};

/** Who may take the place of a device has nothing on its disk, which takes nothing either. */
const diskFull: ProcessFault = async (context) => {
  const { grid, meanwhile } = context;
  const device = drawn(context, await victims(context));
  if (!device) return undefined;
  const full = (await grid.spares()).filter((spare) => grid.ask(spare, 'fill disk'));
  for (const spare of full) {
    await grid.loseFiles(spare);
    meanwhile(pause(fullMs).then(() => void grid.ask(spare, 'empty disk')));
  }
  const names = full.map(({ name }) => name);
  return `${kill(context, device)}, and the disk of ${names.join(', ') || 'nobody'}`;
};

/** A device while an answer reads its prompt there. */
const inPrefill: ProcessFault = async (context) => {
  for (const until = performance.now() + lookMs; performance.now() < until; await pause(5)) {
    const reading = (await context.grid.running()).find(
      ({ completionTokens, devices }) => completionTokens === 0 && devices.length > 0,
    );
    const device = reading && drawn(context, reading.devices.filter(isUp));
    if (device) return kill(context, device);
  }
  return undefined;
};

/** A device, and a further one before the first one's place is taken, or just after. */
const inRecovery: ProcessFault = async (context) => {
  const [grid, before] = [context.grid, await victims(context)];
  const first = drawn(context, before);
  if (!first) return undefined;
  const names = [kill(context, first)];
  const isLate = context.random() < 0.5;
  await (isLate ? grid.serves() : pause(context.random() * 1500));
  const others = isLate ? await victims(context) : [...before, ...(await grid.spares())];
  const next = drawn(
    context,
    others.filter((device) => device.name !== first.name && isUp(device)),
  );
  if (next) names.push(kill(context, next));
  return names.join(', then ');
};

/** Kinds of losses that only tabs know. */
export const tabKinds: readonly string[] = ['tab closed', 'page crashed'];

/** By the names under which they are counted. Those of tabs find nothing where a grid has none. */
export const processFaults: Record<string, ProcessFault> = {
  killed: losing(undefined, ({ grid, random }, device) => grid.kill(device, awayMs(random))),
  hub: hub('SIGKILL'),
  asleep: losing(undefined, ({ grid }, device) => grid.sleep(device, sleepMs)),
  'tab closed': losing('tab', ({ grid, random }, device) => grid.close(device, awayMs(random))),
  'channel cut': asking('cut peers'),
  'hub restarted': hub('SIGTERM'),
  'page crashed': async (context) => {
    const device = drawn(context, await victims(context, 'tab'));
    return device && context.grid.crashPage(device) ? device.name : undefined;
  },
  'relay cut': asking('cut hub'),
  'in prefill': inPrefill,
  'load failed': loadFailed,
  'in recovery': inRecovery,
  'disk full': diskFull,
  'several at once': severalAtOnce,
  'thread ended': losing('node', ({ grid, random }, device) => grid.endThread(device, awayMs(random))),
  'hub and device': hubAndDevice,
};
