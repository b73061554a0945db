/** Starts Chromium once, to see whether it has the GPU before anybody joins with it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@potluck/worker';
import type { Gpu } from './gpuFlags.ts';
import { judgeAdapter } from './judgeAdapter.ts';
import { launchBrowser, type LaunchInit } from './launchBrowser.ts';
import { readAdapter } from './readAdapter.ts';

/** Any page that browsers trust; it never leaves the machine. */
const trustedPage = 'http://localhost/gpu';

/**
 * @param init its directory holds the profile, which is removed
 * @returns what is wrong, for people; undefined where the GPU is there
 */
export async function tryGpu(gpu: Gpu, init: LaunchInit): Promise<string | undefined> {
  const directory = await mkdtemp(join(init.directory, 'gpu-'));
  try {
    const context = await launchBrowser({ ...init, directory });
    try {
      const page = context.pages()[0] ?? (await context.newPage());
      await page.route(trustedPage, (route) => route.fulfill({ contentType: 'text/html', body: '' }));
      await page.goto(trustedPage);
      return judgeAdapter(gpu, await readAdapter(page));
    } finally {
      await context.close();
    }
  } catch (error) {
    return messageOf(error).split('\n')[0];
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
