/** What ONNX Runtime lacks for CUDA. Its provider is a library beside the binding that npm's package does not bring. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What the system tells; tests bring their own. */
export interface CudaFacts {
  platform: NodeJS.Platform;
  /** Version of onnxruntime-node. */
  version: string;
  /** Folder of onnxruntime-node's binding. */
  folder: string;
  exists: (file: string) => boolean;
  /** Names of the libraries that the provider asks for and nobody has; empty where that can't be told. */
  unresolved: (library: string) => readonly string[];
}

export const howToGetCuda =
  'CUDA needs, in this order: an NVIDIA driver, the CUDA toolkit (12 or 13, as the provider’s library was built for), cuDNN 9, ' +
  'and the provider’s library of the same version as onnxruntime-node. Get that with ' +
  '`node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12`; docs/troubleshooting.md has the other ways';

/** @returns the first thing that is missing; undefined where CUDA is worth a try */
export function missingForCuda(facts: CudaFacts = factsHere()): string | undefined {
  const { platform, version, folder, exists, unresolved } = facts;
  if (platform !== 'linux' && platform !== 'win32') return 'this system has no CUDA';
  if (platform === 'linux' && !['/dev/nvidiactl', '/dev/dxg'].some(exists)) {
    return 'there is no NVIDIA driver (no /dev/nvidiactl)';
  }
  const provider = libraryName(platform, 'onnxruntime_providers_cuda');
  const shared = libraryName(platform, 'onnxruntime_providers_shared');
  for (const name of [provider, shared]) {
    if (!exists(join(folder, name))) return `${name} of ONNX Runtime ${version} is not in ${folder}`;
  }
  const lacking = unresolved(join(folder, provider));
  const [cudnn] = lacking.filter((name) => name.startsWith('libcudnn'));
  const others = lacking.filter((name) => !name.startsWith('libcudnn'));
  if (others.length > 0) return `the CUDA toolkit lacks ${others.join(', ')}, which ${provider} needs`;
  return cudnn === undefined ? undefined : `cuDNN is not installed (${cudnn})`;
}

function libraryName(platform: NodeJS.Platform, name: string): string {
  return platform === 'win32' ? `${name}.dll` : `lib${name}.so`;
}

function factsHere(): CudaFacts {
  const require = createRequire(import.meta.url);
  const root = dirname(dirname(require.resolve('onnxruntime-node')));
  const { version } = require(join(root, 'package.json')) as { version: string };
  return {
    platform: process.platform,
    version,
    folder: join(root, 'bin', 'napi-v6', process.platform, process.arch),
    exists: existsSync,
    unresolved: unresolvedLibraries,
  };
}

function unresolvedLibraries(library: string): string[] {
  if (process.platform !== 'linux') return [];
  try {
    const text = execFileSync('ldd', [library], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...text.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name]) => name ?? '');
  } catch {
    // No ldd, or no library that it can read: the probe says what is wrong.
    return [];
  }
}
