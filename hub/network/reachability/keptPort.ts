/** The port for HTTPS that the hub took when it first started: devices, tabs and links know the hub by it since. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../../files/writeFileAtomically.ts';

const keptIn = (data: string): string => path.join(data, 'https-port');

/** @returns undefined where none was kept, or what was kept is no port */
export async function readKeptPort(data: string): Promise<number | undefined> {
  const text = await readFile(keptIn(data), 'utf8').catch(() => '');
  const port = /^\d{1,5}\s*$/.test(text) ? Number(text) : 0;
  return port > 0 && port < 65536 ? port : undefined;
}

/** @throws StorageError if the data directory can't be written */
export async function keepPort(data: string, port: number): Promise<void> {
  await writeFileAtomically(keptIn(data), `${port}\n`);
}
