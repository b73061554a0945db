import { readFile, readdir } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { encodingWork } from './chatEncoder.ts';
import { EncodingLane } from './encodingLane.ts';

test.runIf(process.platform === 'linux')(
  'the process that encodes sees none of the secrets of the hub',
  async () => {
    vi.stubEnv('POTLUCK_ADMIN_PASSWORD', 'secret');
    vi.stubEnv('NODE_COMPILE_CACHE', '/tmp/compiled');
    const directory = `none-${process.pid}`;
    const lane = new EncodingLane({
      work: encodingWork(directory),
      ...{ processorMs: 1000, heapMegabytes: 100, idleMs: 60_000 },
    });
    lane.warmUp();
    const environment = await environmentOf(directory);
    expect(environment).toContain('NODE_COMPILE_CACHE');
    expect(environment).not.toContain('secret');
    // Its folder is missing, so the process has ended, or does so now.
    await expect(
      lane.run({ verb: 'encode', messages: [], options: {} }, 'share', 1, AbortSignal.timeout(1)),
    ).rejects.toThrow();
    vi.unstubAllEnvs();
  },
);

/** Of the process with this argument. */
async function environmentOf(argument: string): Promise<string> {
  for (;;) {
    for (const pid of await readdir('/proc')) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.split('\0').includes(argument)) return readFile(`/proc/${pid}/environ`, 'utf8');
    }
  }
}
