/** Tries a provider in a child process. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { environmentForChild } from '@potluck/machine';

export type Provider = 'cuda' | 'webgpu' | 'cpu';

export type ProbeResult = { ok: true; float16: boolean } | { ok: false; reason: string };

/** Shader compilers and CUDA's first start take a while on cold machines. */
const probeTimeoutMs = 120_000;

/** Whether it works at all; how fast it is, only the stage that is to run can tell. */
export function probeDevice(provider: Provider): Promise<ProbeResult> {
  const script = fileURLToPath(new URL('./probeMain.ts', import.meta.url));
  return new Promise((resolve) => {
    const options = { timeout: probeTimeoutMs, env: environmentForChild() };
    execFile(process.execPath, [script, provider], options, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ProbeResult);
      } catch {
        const last = stderr.trim().split('\n').at(-1) ?? '';
        resolve({
          ok: false,
          reason: `the probe ended: ${last || (error?.message ?? 'no output')}`.slice(0, 500),
        });
      }
    });
  });
}
