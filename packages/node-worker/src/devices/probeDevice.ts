/** Tries a provider in a child process. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Provider = 'cuda' | 'webgpu' | 'cpu';

export type ProbeDepth = 'works' | 'speed';

export type ProbeResult =
  /** `stepMs`: median of the probe graph, see probeGraph.ts. */
  { ok: true; stepMs: number; float16: boolean } | { ok: false; reason: string };

/** Shader compilers and CUDA's first start take a while on cold machines. */
const probeTimeoutMs = 120_000;

/** @param depth `works` is quick also on slow devices; only `speed` measures what can be compared */
export function probeDevice(provider: Provider, depth: ProbeDepth): Promise<ProbeResult> {
  const script = fileURLToPath(new URL('./probeMain.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [script, provider, depth],
      { timeout: probeTimeoutMs },
      (error, stdout, stderr) => {
        try {
          resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ProbeResult);
        } catch {
          const last = stderr.trim().split('\n').at(-1) ?? '';
          resolve({
            ok: false,
            reason: `the probe ended: ${last || (error?.message ?? 'no output')}`.slice(0, 500),
          });
        }
      },
    );
  });
}
