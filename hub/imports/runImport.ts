/** The work of one import: fetch what is missing, then import the directory. */
import path from 'node:path';
import type { Catalogue } from '../models/catalogue.ts';
import { findModelSource, type ModelSource } from '../models/modelSource.ts';
import {
  fileUrl,
  inspectRepository,
  statusError,
  unreachable,
  type RemoteHubInit,
} from '../models/remote/remoteHub.ts';
import { RemoteHubError } from '../models/remote/remoteHubError.ts';
import { downloadFile, type DownloadInit } from './downloadFile.ts';
import type { ImportRecord } from './importRecord.ts';

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
  const files = known.files ?? [];
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  // Once more for the packs that are made of it.
  await mustHaveRoom(2 * totalBytes);
  update({ state: 'downloading', totalBytes }, known);
  const here = new Map<string, number>();
  for (const file of files) {
    await downloadFile(
      {
        url: fileUrl(known.endpoint, known.repository, known.revision ?? 'main', file.path),
        headers: hub.token === undefined ? {} : { authorization: `Bearer ${hub.token}` },
        target: path.join(init.directory, file.path),
        file,
        signal: init.signal,
        onProgress: (bytes) => {
          here.set(file.path, bytes);
          progress(
            [...here.values()].reduce((sum, one) => sum + one, 0),
            totalBytes,
          );
        },
        onWait: (reason, until) => update({ waiting: { reason, until } }),
        statusError: (status) => statusError(hub, known.repository, status, file.path),
        unreachable: (cause) => {
          const reason =
            cause instanceof Error && cause.cause instanceof RemoteHubError ? cause.cause : cause;
          return reason instanceof RemoteHubError ? reason : unreachable(known.endpoint, reason);
        },
      },
      init.download,
    );
  }
  return known;
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
