/** Commands of the product that end by themselves. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { program } from '../../testing/program.ts';

/** How a command ended, and what it wrote. */
export interface Ended {
  /** Null where a signal ended it. */
  code: number | null;
  /** To standard output. */
  output: string;
  /** To standard error. */
  problem: string;
}

export function runPotluck(...args: string[]): Promise<Ended> {
  return endOf(spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** @param child one that was just started, so that nothing of what it writes is lost */
export async function endOf(child: ChildProcess): Promise<Ended> {
  let output = '';
  let problem = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (problem += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, problem };
}
