/** Plugins of Vite: they write the licences of what is bundled, and of what the hub depends on, beside the app. */
import type { Plugin } from 'vite';
import { licenceOf } from './licenceOf.ts';
import { licencesText } from './licencesText.ts';
import { dependencyFolders, moduleFolder } from './packageFolders.ts';

/** Where browsers find them, below the app's own path. */
export const licencesFile = 'licences.txt';

/**
 * @param root folder of the package.json that names what the hub depends on
 * @returns `page` for the app's build, and `worker` for those of its web workers, which come first
 * @throws Error while it builds, where a package says nothing of its licence
 */
export function licencesPlugins(root: string): { page: Plugin; worker: Plugin } {
  const modules = new Set<string>();
  const note = (ids: Iterable<string>): void => {
    for (const id of ids) modules.add(id);
  };
  const worker: Plugin = {
    name: 'potluck:licences-of-worker',
    generateBundle() {
      note(this.getModuleIds());
    },
  };
  const page: Plugin = {
    name: 'potluck:licences',
    apply: 'build',
    async generateBundle() {
      if (this.environment.name !== 'client') return;
      note(this.getModuleIds());
      const folders = await dependencyFolders(root);
      for (const id of modules) {
        const folder = await moduleFolder(id);
        if (folder !== undefined) folders.add(folder);
      }
      const licences = await Promise.all([...folders].map(licenceOf));
      this.emitFile({ type: 'asset', fileName: licencesFile, source: licencesText(licences) });
    },
  };
  return { page, worker };
}
