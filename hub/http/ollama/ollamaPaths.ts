/** Paths of Ollama's API, which live beside those of the management API. */

/** What this hub answers. */
const answeredPaths = ['version', 'tags', 'ps', 'show', 'chat', 'generate', 'embed', 'embeddings'] as const;
/** What this hub refuses: models come and go by the management API, with the administrator's right. */
export const refusedPaths = ['pull', 'push', 'create', 'copy', 'delete'] as const;

const names = [...answeredPaths, ...refusedPaths];
const pattern = new RegExp(`^/api/(${names.join('|')})$|^/api/blobs/.`);

/** True for paths whose rule is that of `/v1`: a key, or this machine. */
export function isOllamaPath(path: string): boolean {
  return pattern.test(path);
}
