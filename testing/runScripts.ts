/** Runs scripts of package.json. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Outcome {
  script: string;
  ok: boolean;
  seconds: number;
  /** What it wrote, where that was not shown at once. */
  text: string;
}

interface RunScriptInit {
  env: NodeJS.ProcessEnv;
  /** At once; otherwise its text is in the outcome. */
  shown: boolean;
}

async function runScript(script: string, { env, shown }: RunScriptInit): Promise<Outcome> {
  const started = performance.now();
  const child = spawn('npm', ['run', script], {
    env,
    stdio: shown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    // There, npm is a script of the shell.
    shell: process.platform === 'win32',
  });
  const [[code], ...written] = (await Promise.all([
    once(child, 'close'),
    child.stdout && text(child.stdout),
    child.stderr && text(child.stderr),
  ])) as [[number | null], string | null, string | null];
  return {
    script,
    ok: code === 0,
    seconds: (performance.now() - started) / 1000,
    text: written.join(''),
  };
}

/** One after the other, until one fails. */
export async function runScripts(scripts: readonly string[], init: RunScriptInit): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const script of scripts) {
    const outcome = await runScript(script, init);
    outcomes.push(outcome);
    if (!outcome.ok) break;
  }
  return outcomes;
}
