/** Runs scripts of package.json. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

/** Scripts that run one after the other. */
export interface Line {
  scripts: readonly string[];
  /** Gets a processor when other lines need none, as far as the system does such a thing. Default: false. */
  givesWay?: boolean;
}

/** Between those that Node calls "below normal" and "low": little while others work, and not last when they end. */
const givingWay = 15;

export interface Outcome {
  script: string;
  ok: boolean;
  seconds: number;
  /** What it wrote, to whichever stream. */
  output: string;
}

/**
 * Runs lines beside each other, and the scripts of a line one after the other, also after a failure.
 * What the first line writes is shown at once; what a script of another line writes, when that script has ended.
 * @param last scripts that whichever line has ended first runs, too, but for those that give way
 * @returns what was run, in the order of the lines
 */
export async function runLines(
  lines: readonly Line[],
  last: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Outcome[]> {
  const left = [...last];
  const runLine = async ({ scripts, givesWay = false }: Line, shown: boolean): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    const own = [...scripts];
    for (;;) {
      const script = own.shift() ?? (givesWay ? undefined : left.shift());
      if (script === undefined) return outcomes;
      outcomes.push(await runScript(script, env, { shown, givesWay }));
    }
  };
  return (await Promise.all(lines.map((line, index) => runLine(line, index === 0)))).flat();
}

async function runScript(
  script: string,
  env: NodeJS.ProcessEnv,
  { shown, givesWay }: { shown: boolean; givesWay: boolean },
): Promise<Outcome> {
  const started = performance.now();
  const child = spawn('npm', ['run', script], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // There, npm is a script of the shell.
    shell: process.platform === 'win32',
  });
  // Processes that it starts get the same priority.
  if (givesWay && child.pid !== undefined) setPriority(child.pid, givingWay);
  let output = '';
  const read = (stream: Readable): void => {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (shown) process.stdout.write(text);
    });
  };
  read(child.stdout);
  read(child.stderr);
  const closed = once(child, 'close');
  const [code] = (await once(child, 'exit')) as [number | null];
  // What it wrote last may still come; but a process that it left behind may hold its output open.
  await Promise.race([closed, pause(5_000, undefined, { ref: false })]);
  child.stdout.destroy();
  child.stderr.destroy();
  if (!shown) process.stdout.write(output);
  return { script, ok: code === 0, seconds: (performance.now() - started) / 1000, output };
}
