/** In which order a model's files are fetched. */
import type { RepositoryFile } from '../remote/repositoryVariants.ts';
import { keptFileNames } from '../repositoryFiles.ts';

/** Files in the order in which they tell something about the model: the small ones, the graph, its weights. */
export function inOrderOfLooking(
  files: readonly RepositoryFile[],
  graph: string,
): Record<'small' | 'graph' | 'weights', RepositoryFile[]> {
  const kept = new Set(keptFileNames);
  return {
    small: files.filter(({ path: name }) => kept.has(name)),
    graph: files.filter(({ path: name }) => name === graph),
    weights: files.filter(({ path: name }) => name !== graph && !kept.has(name)),
  };
}
