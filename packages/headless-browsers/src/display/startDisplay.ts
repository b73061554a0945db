/**
 * An X server without a screen. Chromium with Vulkan on an NVIDIA GPU finds no adapter in its headless modes (seen with
 * 153 and 156, driver 580), and finds it with a window that nobody sees.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { environmentForChild } from '@potluck/machine';
import { BrowserError } from '../errors.ts';

export interface Display {
  /** As the environment variable DISPLAY names it. */
  name: string;
  close(): void;
}

const program = 'Xvfb';
/** It ends this long after its last window, so that none is left where this process is killed; in seconds. */
const lingerSeconds = 20;

export const howToGetXvfb =
  'install Xvfb (Debian, Ubuntu: apt install xvfb; Fedora: dnf install xorg-x11-server-Xvfb)';

/** Path of Xvfb; undefined where it is not installed. */
export function findXvfb(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isProgram);
}

/** @throws BrowserError where it does not start */
export async function startDisplay(xvfb: string): Promise<Display> {
  const flags = ['-screen', '0', '1280x800x24', '-nolisten', 'tcp', '-terminate', String(lingerSeconds)];
  // It takes the first number that is free, and writes it to descriptor 3.
  const server = spawn(xvfb, ['-displayfd', '3', ...flags], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: environmentForChild(),
  });
  let said = '';
  server.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2000)));
  const lines = createInterface({ input: server.stdio[3] as Readable });
  const number = await new Promise<string>((resolve, reject) => {
    const fail = (reason: string): void => reject(new BrowserError(`${xvfb} does not start: ${reason}`));
    lines.once('line', resolve);
    server.once('error', (error) => fail(error.message));
    server.once('exit', (code) => fail(said.trim().split('\n').at(-1) || `exit code ${code}`));
  });
  lines.close();
  return { name: `:${number.trim()}`, close: () => void server.kill('SIGTERM') };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
