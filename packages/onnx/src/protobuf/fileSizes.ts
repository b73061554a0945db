/** The files beside a graph, opened once each, with names that stay inside the model's folder. */
import { ModelFileError } from '../errors.ts';
import type { ByteSource, ModelFiles } from '../source.ts';

/**
 * Files that one graph may refer to. Large exports split their weights into a few dozen; a stage has one for each pack, so
 * that these are 1 TiB.
 */
const maxOpenFiles = 16 * 1024;

export interface FileSizes {
  /** @throws {ModelFileError} if there is no such file, or its name leaves the folder */
  sizeOf(file: string): Promise<number>;
  read(file: string, offset: number, length: number): Promise<Uint8Array>;
}

/** Opens each file at its first use. */
export function openOnce(files: ModelFiles): FileSizes & { open(file: string): Promise<ByteSource> } {
  const sources = new Map<string, ByteSource>();
  const open = async (file: string): Promise<ByteSource> => {
    const known = sources.get(file);
    if (known) return known;
    checkFileName(file);
    if (sources.size >= maxOpenFiles) throw new ModelFileError(`more than ${maxOpenFiles} files`, file);
    let source: ByteSource;
    try {
      source = await files.open(file);
    } catch (cause) {
      if (cause instanceof ModelFileError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ModelFileError(`can't be opened: ${reason}`, file, { cause });
    }
    await refusePointer(source, file);
    sources.set(file, source);
    return source;
  };
  return {
    open,
    sizeOf: async (file) => (await open(file)).size,
    read: async (file, offset, length) => (await open(file)).read(offset, length),
  };
}

/** The first line of what Git LFS puts in a file's place, by its specification; such a file is smaller than 1024 bytes. */
const pointerStart = 'version https://git-lfs.github.com/spec/';

/** @throws {ModelFileError} if Git has not fetched the file: a clone without Git LFS holds pointers to large files */
async function refusePointer(source: ByteSource, file: string): Promise<void> {
  if (source.size < pointerStart.length || source.size >= 1024) return;
  const start = new TextDecoder().decode(await source.read(0, pointerStart.length));
  if (start !== pointerStart) return;
  throw new ModelFileError(
    'a Git LFS pointer, not the file itself. Run `git lfs pull` in its repository, then add the model again',
    file,
  );
}

/**
 * Checks that a name stays inside the model's folder, on any platform.
 * @throws {ModelFileError} if it is absolute, climbs, or holds a backslash, a drive or a control character
 */
export function checkFileName(file: string): void {
  const parts = file.split('/');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const isStrange = file === '' || file.length > 1024 || /[\\:\u0000-\u001f]/.test(file);
  if (isStrange || parts.some((part) => part === '' || part === '..')) {
    throw new ModelFileError("a file name that is not inside the model's folder", JSON.stringify(file));
  }
}
