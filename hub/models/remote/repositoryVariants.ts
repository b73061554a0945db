/** Which graphs a repository has, and which files each needs. */
import { UploadPath } from '@potluck/api';
import { rankGraphVariants } from '../graphVariants.ts';
import { keptFileNames } from '../repositoryFiles.ts';

/** A file of a repository. */
export interface RepositoryFile {
  path: string;
  bytes: number;
  /** Of large files; smaller ones have `gitSha1`. */
  sha256: string | null;
  /** Git's name of the file: SHA-1 of `blob <bytes>\0` and the contents. */
  gitSha1: string | null;
}

/** A graph with all that comes with it. */
export interface RepositoryVariant {
  /** Such as `model_q4`. */
  name: string;
  files: RepositoryFile[];
}

const commonFiles = new Set(keptFileNames);

/** Best variant first; empty where there is no decoder as ONNX. Paths that could leave a folder are left out. */
export function repositoryVariants(files: readonly RepositoryFile[]): RepositoryVariant[] {
  const safe = files.filter(({ path }) => UploadPath.safeParse(path).success);
  const folder = safe.some(({ path }) => /^onnx\/.*\.onnx$/.test(path)) ? 'onnx/' : '';
  const graphs = safe
    .filter(({ path }) => path.startsWith(folder))
    .map(({ path }) => path.slice(folder.length));
  const common = safe.filter(({ path }) => commonFiles.has(path));
  return rankGraphVariants(graphs.filter((name) => !name.includes('/'))).map((name) => ({
    name,
    files: [...common, ...safe.filter(({ path }) => belongsTo(path, `${folder}${name}.onnx`))],
  }));
}

/** A graph's weights lie beside it: `model_q4.onnx_data`, `model_q4.onnx_data_1`, `model_q4.onnx.data`. */
function belongsTo(path: string, graph: string): boolean {
  if (path === graph) return true;
  return path.startsWith(graph) && /^[._]data([._-]?\d+)?$/.test(path.slice(graph.length));
}
