/** The flags of `npm run chaos`. */
import { parseArgs } from 'node:util';
import { faults } from './faults.ts';
import { processFaults } from './processFaults.ts';

export type ChaosGrid = 'memory' | 'processes';

export interface ChaosFlags {
  minutes: number;
  seed: number;
  stages: number;
  concurrent: number;
  /** The run ends after so many. */
  losses: number;
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

export const chaosUsage = [
  ...Object.entries(numbers).map(([name, value]) => `--${name} NUMBER  above 0, default ${value}`),
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
        ...{ grid: text, kind: { ...text, multiple: true } },
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
    const able = chosen.filter((one) => kindsOf[one].length > 0);
    if (able.length === 0) throw new Error(`nothing of that --kind happens in --grid ${grid}.`);
    return {
      ...{ minutes: number('minutes'), seed: number('seed'), stages: number('stages') },
      ...{ concurrent: number('concurrent'), losses: number('losses'), grids: able },
      ...{ memoryKinds: kindsOf.memory, processKinds: kindsOf.processes },
    };
  } catch (error) {
    return (error as Error).message;
  }
}
