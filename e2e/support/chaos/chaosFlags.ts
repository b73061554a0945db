/** The flags of `npm run chaos`. */
import { parseArgs } from 'node:util';
import { faults } from './faults.ts';
import { processFaults, tabKinds } from './processFaults.ts';

export type ChaosGrid = 'memory' | 'processes';

export interface ChaosFlags {
  minutes: number;
  seed: number;
  stages: number;
  concurrent: number;
  /** The run ends after so many. */
  losses: number;
  /** Devices of a grid of processes that are tabs in Chromium. */
  tabs: number;
  /** In turn. */
  grids: readonly ChaosGrid[];
  memoryKinds: readonly string[];
  processKinds: readonly string[];
}

const grids: Record<string, readonly ChaosGrid[]> = {
  memory: ['memory'],
  processes: ['processes'],
  both: ['memory', 'processes'],
};
const [memoryKinds, processKinds] = [Object.keys(faults), Object.keys(processFaults)];
const allKinds = [...new Set([...memoryKinds, ...processKinds])];
const numbers = { minutes: '10', seed: '1', stages: '3', concurrent: '20', losses: '1000000' };
type NumberName = keyof typeof numbers;
/** Beside the devices that the stages of a grid of processes need. */
export const processSpares = 1;
const defaultTabs = 2;

export const chaosUsage = [
  ...Object.entries(numbers).map(([name, value]) => `--${name} NUMBER  above 0, default ${value}`),
  `--tabs NUMBER  devices of a grid of processes that are tabs; at most stages + ${processSpares}, default ${defaultTabs}`,
  `--grid ${Object.keys(grids).join('|')}  default both`,
  `--kind KIND  again and again, default all: ${allKinds.join(', ')}`,
].join('\n');

/** @returns what is wrong with them, for people, where something is */
export function readChaosFlags(args: string[]): ChaosFlags | string {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args,
      options: {
        ...{ minutes: text, seed: text, stages: text, concurrent: text, losses: text },
        ...{ grid: text, tabs: text, kind: { ...text, multiple: true } },
      },
    });
    const number = (name: NumberName): number => {
      const given = values[name] ?? numbers[name];
      const value = Number(given);
      const isWhole = name === 'minutes' || Number.isInteger(value);
      if (value > 0 && Number.isFinite(value) && isWhole) return value;
      throw new Error(
        `--${name} takes ${name === 'minutes' ? 'a number' : 'a whole number'} above 0, not '${given}'.`,
      );
    };
    const { grid = 'both', kind: kinds = allKinds } = values;
    const chosen = Object.hasOwn(grids, grid) ? grids[grid] : undefined;
    if (!chosen) throw new Error(`there is no --grid '${grid}'.`);
    const unknown = kinds.find((kind) => !allKinds.includes(kind));
    if (unknown !== undefined) throw new Error(`there is no --kind '${unknown}'.`);
    const kindsOf: Record<ChaosGrid, string[]> = {
      memory: memoryKinds.filter((kind) => kinds.includes(kind)),
      processes: processKinds.filter((kind) => kinds.includes(kind)),
    };
    const stages = number('stages');
    const devices = stages + processSpares;
    const tabs = Number(values.tabs ?? Math.min(defaultTabs, devices));
    if (!/^\d+$/.test(values.tabs ?? '0') || tabs > devices)
      throw new Error(
        `--tabs takes a whole number from 0 to ${devices}, which is --stages and one, not '${values.tabs}'.`,
      );
    if (tabs === 0) kindsOf.processes = kindsOf.processes.filter((kind) => !tabKinds.includes(kind));
    const able = chosen.filter((one) => kindsOf[one].length > 0);
    if (able.length === 0) throw new Error(`nothing of that --kind happens in --grid ${grid}.`);
    return {
      ...{ minutes: number('minutes'), seed: number('seed'), stages, tabs },
      ...{ concurrent: number('concurrent'), losses: number('losses'), grids: able },
      ...{ memoryKinds: kindsOf.memory, processKinds: kindsOf.processes },
    };
  } catch (error) {
    return (error as Error).message;
  }
}
