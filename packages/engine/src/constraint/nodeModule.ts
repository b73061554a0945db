/** The grammar engine's WebAssembly, from the package on this machine's disk; Node only. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { wasmInScript } from './llguidanceModule.ts';

/** @throws Error where the package is not installed */
export function readLlguidance(): Buffer<ArrayBuffer> {
  let folder: string;
  let script: string | undefined;
  try {
    folder = path.dirname(fileURLToPath(import.meta.resolve('transformers-llguidance')));
    script = readdirSync(folder).find((name) => /^llguidance_wasm-.*\.js$/.test(name));
    if (script === undefined) throw new Error('its WebAssembly is missing');
  } catch (cause) {
    throw new Error('The package transformers-llguidance is not installed: run npm install.', { cause });
  }
  return Buffer.from(wasmInScript(readFileSync(path.join(folder, script), 'latin1')), 'base64');
}
