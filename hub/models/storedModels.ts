/** Entries of imported models on disk: `<folder>/<encoded id>/package.json` beside the repository's small files. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ModelId, ModelPackage } from '@potluck/protocol';
import { z } from 'zod';
import { systemCodeOf } from '../errors/systemCodeOf.ts';
import { messageOf } from '../errors/messageOf.ts';
import { makeDirectory } from '../files/makeDirectory.ts';
import { writeFileAtomically } from '../files/writeFileAtomically.ts';

/** A package on disk, with what says whether it is still current. */
export const StoredModel = z.object({
  importRevision: z.number(),
  fingerprint: z.string(),
  /** The source's own; older packages have none. */
  origin: z.string().optional(),
  contextLength: z.number().optional(),
  package: ModelPackage,
});
export type StoredModel = z.infer<typeof StoredModel>;

/** Something in the models folder that can't be used. */
export interface LeftOut {
  /** File or folder in the models folder, or the model's id. */
  name: string;
  reason: string;
  /** True where nobody knows which blobs it names. */
  unread: boolean;
}

export type ReadEntry = { model: StoredModel } | Omit<LeftOut, 'name'> | undefined;

/** Begins the names of folders that are not whole yet. */
const incomingPrefix = '.incoming-';
/** Begins the name of an entry while another takes its place. */
const replacedPrefix = '.replaced-';
const packageName = 'package.json';

export class StoredModels {
  readonly #directory: string;

  /** @param directory is made with the first model */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where a model's small files are. */
  folder(id: ModelId): string {
    return path.join(this.#directory, encodeURIComponent(id));
  }

  /** @returns the model, or why its entry can't be used; undefined where there is none */
  async read(id: ModelId): Promise<ReadEntry> {
    return this.#readFolder(encodeURIComponent(id));
  }

  /** All models, oldest first, and what lies beside them. */
  async scan(): Promise<{ models: StoredModel[]; leftOut: LeftOut[] }> {
    const names = await readdir(this.#directory).catch(() => []);
    const models: StoredModel[] = [];
    const leftOut: LeftOut[] = [];
    for (const name of names.filter((one) => !one.startsWith('.')).sort()) {
      const found = (await this.#readFolder(name)) ?? { reason: 'it holds no package.json', unread: false };
      if ('model' in found) models.push(found.model);
      else leftOut.push({ name: idOf(name) ?? name, ...found });
    }
    models.sort((one, other) => one.package.importedAt - other.package.importedAt);
    return { models, leftOut };
  }

  /** A new folder for a model's files, which nobody sees until `put` gives it its name. */
  async makeIncoming(): Promise<string> {
    await makeDirectory(this.#directory);
    const folder = path.join(this.#directory, `${incomingPrefix}${randomUUID()}`);
    await mkdir(folder);
    return folder;
  }

  /**
   * Makes a folder the model's entry, in place of the one before.
   * @throws StorageError if it can't be written; the entry before stays then
   */
  async put(incoming: string, stored: StoredModel): Promise<void> {
    await writeFileAtomically(path.join(incoming, packageName), `${JSON.stringify(stored)}\n`);
    const folder = this.folder(stored.package.id);
    const before = path.join(this.#directory, `${replacedPrefix}${path.basename(folder)}`);
    await rm(before, { recursive: true, force: true });
    await rename(folder, before).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
    });
    try {
      await rename(incoming, folder);
    } catch (error) {
      await rename(before, folder).catch(() => undefined);
      throw error;
    }
    // What stays of it goes at the next start.
    await rm(before, { recursive: true, force: true }).catch(() => undefined);
  }

  async remove(id: ModelId): Promise<void> {
    await rm(this.folder(id), { recursive: true, force: true });
  }

  /** Clears up after a process that was killed: what was on its way in goes, what was being replaced comes back. */
  async recover(): Promise<void> {
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const file = path.join(this.#directory, name);
      if (name.startsWith(incomingPrefix)) await rm(file, { recursive: true, force: true });
      if (!name.startsWith(replacedPrefix)) continue;
      const folder = path.join(this.#directory, name.slice(replacedPrefix.length));
      if (await stat(folder).catch(() => undefined)) await rm(file, { recursive: true, force: true });
      else await rename(file, folder);
    }
  }

  async #readFolder(name: string): Promise<ReadEntry> {
    const folder = path.join(this.#directory, name);
    const found = await stat(folder).catch(() => undefined);
    if (!found) return undefined;
    if (!found.isDirectory()) return { reason: 'it is no folder', unread: false };
    const unread = (reason: string): ReadEntry => ({ reason: `its package.json ${reason}`, unread: true });
    try {
      const text = await readFile(path.join(folder, packageName), 'utf8');
      const parsed = StoredModel.safeParse(JSON.parse(text));
      if (!parsed.success) return unread(`is damaged (${z.prettifyError(parsed.error)})`);
      if (encodeURIComponent(parsed.data.package.id) === name) return { model: parsed.data };
      return unread(`is of another model, ${parsed.data.package.id}`);
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      return unread(
        error instanceof SyntaxError
          ? `is damaged (${error.message})`
          : `can't be read (${messageOf(error)})`,
      );
    }
  }
}

/** The id that a folder's name stands for. */
function idOf(name: string): ModelId | undefined {
  try {
    return ModelId.safeParse(decodeURIComponent(name)).data;
  } catch {
    return undefined;
  }
}
