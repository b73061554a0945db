/** Devices of a hub, each a process of its own with a folder that it keeps when it is started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { startWorker, type HubProcess } from './hubProcess.ts';
import { program } from '../../testing/program.ts';
import { testBrowser } from './testBrowser.ts';

/** Of each device: room for some layers of the built-in model, and caches. */
const memory = ['--memory', '300MB'];

/**
 * @param directory where it keeps what it fetched, and who it is
 * @param preload as of `startWorker`
 */
export async function startNodeDevice(
  hub: Pick<HubProcess, 'url' | 'joinToken'>,
  name: string,
  directory: string,
  preload?: URL,
): Promise<ChildProcess> {
  return (await startWorker(hub, name, [...memory, '--threads', '1'], directory, preload)).child;
}

/** A Chromium with the join page open. @param name of the tab, which the hub calls `NAME-1` */
export async function startTabDevice(
  hub: Pick<HubProcess, 'url' | 'joinToken'>,
  name: string,
  directory: string,
): Promise<ChildProcess> {
  const { path: browser, environment } = await testBrowser();
  return spawn(
    process.execPath,
    [
      ...[program, 'browsers', '--hub', `${hub.url}/join#token=${hub.joinToken}`, '--name', name],
      ...['--gpu', 'none', ...memory, '--data', directory, '--browser', browser, '--no-sandbox'],
    ],
    { stdio: 'ignore', env: { ...process.env, ...environment } },
  );
}
