/** The work of one import: fetch what is missing, then import the directory. */
import path from 'node:path';
import type { Catalogue } from '../catalogue.ts';
import { findModelSource, type ModelSource } from '../modelSource.ts';
import {
  fileUrl,
  inspectRepository,
  statusError,
  unreachable,
  type RemoteHubInit,
} from '../remote/remoteHub.ts';
import { RemoteHubError } from '../remote/remoteHubError.ts';
import type { RepositoryFile } from '../remote/repositoryVariants.ts';
import { downloadFile, type DownloadInit } from './downloadFile.ts';
import type { ImportRecord } from './importRecord.ts';
import { inOrderOfLooking } from './orderOfLooking.ts';
import { lookBeforeWeights } from '../graphs/graphWork.ts';

export interface RunComponents {
  /** Imports a directory; part of the catalogue. */
  importSource: NonNullable<Catalogue['import']>;
  /** Keeps what is new about the record. */
  update: (change: Partial<ImportRecord['view']>, remote?: ImportRecord['remote']) => void;
  /** Counts what came, for people. */
  progress: (doneBytes: number, totalBytes: number) => void;
  /** @throws StorageError if there is no room for so much */
  mustHaveRoom: (bytes: number) => Promise<void>;
}

export interface RunInit {
  /** Where this import's files are. */
  directory: string;
  /** Folders below which a directory's links may lead; empty: any. */
  modelDirectories: readonly string[];
  /** For a repository: as whom it is fetched. */
  token?: string;
  download?: DownloadInit;
  signal: AbortSignal;
}

/** @returns the model's id. @throws RemoteHubError, ModelError, StorageError, or the signal's reason */
export async function runImport(
  components: RunComponents,
  init: RunInit,
  record: ImportRecord,
): Promise<string> {
  const { view } = record;
  if (view.kind === 'hub') {
    const remote = await fetchRepository(components, init, record);
    const { repository, endpoint, license, revision } = remote;
    const source = await findModelSource({
      directory: init.directory,
      ...(remote.variant === null ? {} : { variant: remote.variant }),
      // The same repository at a mirror is the same source.
      called: { name: repository, origin: repository, ...wantedVariant(view) },
    });
    return importInto(components, init, {
      ...source,
      description: `${endpoint.replace(/\/$/, '')}/${repository}#${remote.variant} (${(revision ?? 'main').slice(0, 12)})`,
      ...(license === null ? {} : { license }),
    });
  }
  if (view.kind === 'upload') {
    const source = await findModelSource({
      directory: path.join(init.directory, view.source),
      ...wantedVariant(view),
      called: { name: view.source, origin: `upload ${view.id}`, ...wantedVariant(view) },
    });
    return importInto(components, init, { ...source, description: `upload ${view.source}` });
  }
  const source = await findModelSource({
    directory: view.source,
    ...wantedVariant(view),
    allowed: init.modelDirectories,
  });
  return importInto(components, init, source);
}

function wantedVariant({ variant }: ImportRecord['view']): { variant?: string } {
  return variant === null ? {} : { variant };
}

async function importInto(
  { importSource, update, progress }: RunComponents,
  { signal }: RunInit,
  source: ModelSource,
): Promise<string> {
  update({ state: 'importing', doneBytes: 0, bytesPerSecond: null });
  const model = await importSource(source, {
    signal,
    onProgress: ({ doneBytes, totalBytes }) => progress(doneBytes, totalBytes),
  });
  return model.id;
}

type Remote = NonNullable<ImportRecord['remote']>;

async function fetchRepository(
  { update, progress, mustHaveRoom }: RunComponents,
  init: RunInit,
  { view, remote }: ImportRecord,
): Promise<Remote> {
  if (!remote) throw new Error('an import from the Hub knows its repository');
  const hub: RemoteHubInit = {
    endpoint: remote.endpoint,
    ...(init.token === undefined ? {} : { token: init.token }),
  };
  const known = remote.files ? remote : { ...remote, ...(await choose(hub, remote, view.variant)) };
  const { repository, variant } = known;
  let files = known.files ?? [];
  const totalBytes = (): number => files.reduce((sum, { bytes }) => sum + bytes, 0);
  const begin = async (): Promise<void> => {
    // Once more for the packs that are made of it.
    await mustHaveRoom(2 * totalBytes());
    update({ state: 'downloading', totalBytes: totalBytes() }, { ...known, files });
  };
  await begin();
  const here = new Map<string, number>();
  const fetchAll = async (wanted: readonly RepositoryFile[]): Promise<void> => {
    for (const file of wanted) await fetchOne(file);
  };
  const fetchOne = (file: RepositoryFile): Promise<void> =>
    downloadFile(
      {
        url: fileUrl(known.endpoint, repository, known.revision ?? 'main', file.path),
        headers: hub.token === undefined ? {} : { authorization: `Bearer ${hub.token}` },
        target: path.join(init.directory, file.path),
        file,
        signal: init.signal,
        onProgress: (bytes) => {
          here.set(file.path, bytes);
          progress(
            [...here.values()].reduce((sum, one) => sum + one, 0),
            totalBytes(),
          );
        },
        onWait: (reason, until) => update({ waiting: { reason, until } }),
        statusError: (status) => statusError(hub, repository, status, file.path),
        unreachable: (cause) => {
          const reason =
            cause instanceof Error && cause.cause instanceof RemoteHubError ? cause.cause : cause;
          return reason instanceof RemoteHubError ? reason : unreachable(known.endpoint, reason);
        },
      },
      init.download,
    );
  const graph = files.find((file) => path.posix.basename(file.path) === `${variant}.onnx`)?.path ?? '';
  const subject = `${repository}#${variant}`;
  const look = { subject, directory: init.directory, files };
  const ordered = inOrderOfLooking(files, graph);
  await fetchAll(ordered.small);
  await lookBeforeWeights(look);
  await fetchAll(ordered.graph);
  const unlisted = await lookBeforeWeights({ ...look, graph });
  if (unlisted.length > 0) {
    const more = await findFiles(hub, known, unlisted);
    files = [...files, ...more];
    await begin();
    await fetchAll(more);
  }
  await fetchAll(ordered.weights);
  return { ...known, files };
}

/** Finds files that the graph names and whose names do not tell so. */
async function findFiles(
  hub: RemoteHubInit,
  { repository, revision, variant }: Remote,
  wanted: readonly string[],
): Promise<RepositoryFile[]> {
  const { files } = await inspectRepository(hub, repository, revision ?? undefined);
  const found = files.filter((file) => wanted.includes(file.path));
  const missing = wanted.filter((name) => found.every((file) => file.path !== name));
  if (missing.length > 0) {
    const names = new Intl.ListFormat('en').format(missing);
    throw new RemoteHubError(
      'incomplete',
      `${repository} has no ${names}, where ${variant} keeps its weights. Take another variant or another export.`,
    );
  }
  return found;
}

/** Looks at the repository, and takes the variant that was asked for, or the best. */
async function choose(
  hub: RemoteHubInit,
  { repository, revision }: Remote,
  wanted: string | null,
): Promise<Pick<Remote, 'revision' | 'license' | 'variant' | 'files'>> {
  const found = await inspectRepository(hub, repository, revision ?? undefined);
  const [best] = found.variants;
  const variant = wanted === null ? best : found.variants.find(({ name }) => name === wanted);
  if (!variant) {
    const names = found.variants.map(({ name }) => name).join(', ');
    throw new RemoteHubError('no_decoder', `${repository} has no variant '${wanted}'. It has: ${names}.`);
  }
  return { revision: found.revision, license: found.license, variant: variant.name, files: variant.files };
}
