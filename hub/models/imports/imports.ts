/** Models on their way in: one at a time is worked on, the others wait; what was begun goes on after a restart. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { formatBytes, type Import, type NewImport } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import { freeDiskBytes } from '@potluck/machine';
import type { Logger } from 'pino';
import type { ImportStore } from './importStore.ts';
import { DomainError } from '../../errors/domainError.ts';
import { messageOf } from '../../errors/messageOf.ts';
import { StorageError } from '../../files/storageError.ts';
import { fullDiskError, isFullDisk } from '../../files/fullDisk.ts';
import { makeDirectory } from '../../files/makeDirectory.ts';
import type { Catalogue } from '../catalogue.ts';
import { ModelError } from '../modelError.ts';
import { findModelSource } from '../modelSource.ts';
import { EncodingError } from '../encoding/encodingError.ts';
import { RemoteHubError } from '../remote/remoteHubError.ts';
import type { HubSettings } from '../../settings/hubSettings.ts';
import { allowedDirectory } from './allowedDirectory.ts';
import type { DownloadInit } from './downloadFile.ts';
import { ImportRecord, newImportView } from './importRecord.ts';
import { ImportError } from './importError.ts';
import { runImport } from './runImport.ts';
import { appendPiece, checkUpload, receivedFiles } from './uploadedFiles.ts';

export interface ImportsComponents {
  catalogue: Catalogue;
  store: ImportStore;
  settings: HubSettings;
  logger: Logger;
  /** Serves a model that came, where that was wanted; one that is deployed already keeps its plan. */
  deploy: (model: string) => Promise<unknown>;
  /** Serves the new files of a model that came again while it is deployed. */
  replace: (model: string) => Promise<unknown>;
}

export interface ImportsInit {
  /** Folder for what is not imported yet. */
  directory: string;
  download?: DownloadInit;
}

/** An import in memory. */
interface Job {
  record: ImportRecord;
  /** Ends the work on it; undefined where it rests. */
  controller?: AbortController;
  /** Resolves when the work on it has ended, in whatever way. */
  working?: Promise<void>;
  /** Given for this import only; never kept. */
  token?: string;
  startedAt?: number;
  startedBytes?: number;
  /** Paths to which a piece is being added. */
  writing: Set<string>;
}

export class Imports {
  readonly #components: ImportsComponents;
  readonly #init: ImportsInit;
  readonly #jobs = new Map<string, Job>();
  readonly #listeners = new Set<(id: string) => void>();
  #turn: Promise<void> = Promise.resolve();

  private constructor(components: ImportsComponents, init: ImportsInit) {
    this.#components = components;
    this.#init = init;
  }

  /** Takes up what was kept; what was being worked on rests until it is resumed. */
  static async load(components: ImportsComponents, init: ImportsInit): Promise<Imports> {
    const imports = new Imports(components, init);
    for (const kept of await components.store.list()) {
      const record = ImportRecord.safeParse(kept).data;
      if (!record) continue;
      const { view } = record;
      const files = await receivedFiles(imports.#uploadFolder(view), view.files);
      const wasWorking = view.state === 'downloading' || view.state === 'importing';
      const state = wasWorking
        ? { state: 'paused' as const, resumable: true, bytesPerSecond: null, waiting: null }
        : {};
      imports.#jobs.set(view.id, {
        record: { ...record, view: { ...view, files, ...state } },
        writing: new Set(),
      });
    }
    return imports;
  }

  /** Oldest first. */
  get list(): readonly Import[] {
    return [...this.#jobs.values()].map(({ record }) => record.view);
  }

  /** @returns a function that ends the listening */
  listen(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Begins an import; an upload then waits for its files.
   * @throws ImportError, StorageError
   */
  async create(wanted: NewImport): Promise<Import> {
    const view = newImportView(wanted, wanted.kind === 'hub' ? wanted.repository : '');
    const { settings } = this.#components;
    const job: Job = { record: { view, remote: null }, writing: new Set() };
    switch (wanted.kind) {
      case 'hub': {
        job.record.remote = {
          endpoint: settings.current.hubEndpoint,
          repository: wanted.repository,
          revision: wanted.revision ?? null,
          license: null,
          variant: null,
          files: null,
        };
        if (wanted.token !== undefined) job.token = wanted.token;
        break;
      }
      case 'directory':
        view.source = await allowedDirectory(wanted.path, settings.current.modelDirectories);
        await mustHoldModel(view, settings.current.modelDirectories);
        break;
      case 'upload':
        checkUpload(wanted.files);
        this.#mustBeFree(wanted.name, wanted.variant);
        view.source = wanted.name;
        view.totalBytes = wanted.files.reduce((sum, { bytes }) => sum + bytes, 0);
        view.files = wanted.files.map((file) => ({ ...file, receivedBytes: 0 }));
        await this.#mustHaveRoom(2 * view.totalBytes);
    }
    this.#jobs.set(view.id, job);
    await this.#keep(job);
    if (wanted.kind !== 'upload') this.#work(job);
    return job.record.view;
  }

  /**
   * Adds a piece to a file of an upload; the last one begins the import.
   * @throws ImportError
   */
  async addPiece(
    id: string,
    filePath: string,
    offset: number,
    body: ReadableStream<Uint8Array> | null,
  ): Promise<Import> {
    const job = this.#find(id);
    const file = job.record.view.files.find((one) => one.path === filePath);
    if (job.record.view.state !== 'waiting') throw conflict(job, 'takes no files now');
    if (!file) throw new ImportError('import_not_found', `The upload has no file ${filePath}.`, 'path');
    if (job.writing.has(filePath))
      throw conflict(job, `is getting ${filePath} from somewhere else right now`);
    job.writing.add(filePath);
    try {
      await appendPiece(this.#uploadFolder(job.record.view), file, offset, body, (receivedBytes) => {
        const files = job.record.view.files.map((one) =>
          one.path === filePath ? { ...one, receivedBytes } : one,
        );
        const doneBytes = files.reduce((sum, one) => sum + one.receivedBytes, 0);
        this.#update(job, { files, doneBytes });
      });
    } finally {
      job.writing.delete(filePath);
    }
    const isWhole = job.record.view.files.every(({ bytes, receivedBytes }) => bytes === receivedBytes);
    if (isWhole && this.#jobs.get(id) === job && job.record.view.state === 'waiting') this.#work(job);
    return job.record.view;
  }

  /** Rests until it is resumed. @throws ImportError */
  async pause(id: string): Promise<Import> {
    const job = this.#find(id);
    if (!job.controller) throw conflict(job, 'is not being worked on');
    job.controller.abort(new Error('paused'));
    await job.working;
    return job.record.view;
  }

  /**
   * Goes on where it was.
   * @param token for a gated repository
   * @throws ImportError
   */
  async resume(id: string, token?: string): Promise<Import> {
    const job = this.#find(id);
    // That it rests is told a moment before its work has ended.
    if (job.record.view.resumable) await job.working;
    if (!job.record.view.resumable || job.controller) throw conflict(job, 'can not be resumed');
    if (token !== undefined) job.token = token;
    this.#work(job);
    return job.record.view;
  }

  /** Ends it and deletes what came; a model that was imported stays. @throws ImportError */
  async remove(id: string): Promise<void> {
    const job = this.#find(id);
    job.controller?.abort(new Error('removed'));
    await job.working;
    this.#jobs.delete(id);
    await this.#components.store.remove(id);
    await rm(this.#folder(id), { recursive: true, force: true });
    this.#tell(id);
  }

  /** Lets all rest; called when the hub stops. */
  async stop(): Promise<void> {
    for (const { controller } of this.#jobs.values())
      controller?.abort(new Error(hubText('hub-shuts-down', {})));
    for (const { working } of this.#jobs.values()) await working;
  }

  #work(job: Job): void {
    const controller = new AbortController();
    job.controller = controller;
    this.#update(job, {
      state: job.record.remote ? 'downloading' : 'importing',
      error: null,
      resumable: false,
    });
    job.working = this.#turn
      .then(() => this.#run(job, controller.signal))
      .finally(() => {
        delete job.controller;
      });
    this.#turn = job.working;
  }

  async #run(job: Job, signal: AbortSignal): Promise<void> {
    const { catalogue, settings, logger } = this.#components;
    const { view, remote } = job.record;
    const token =
      job.token ?? (remote?.endpoint === settings.current.hubEndpoint ? settings.hubToken : undefined);
    try {
      signal.throwIfAborted();
      if (!catalogue.import) throw new ImportError('not_allowed', 'This hub takes no models.');
      const model = await runImport(
        {
          importSource: (source, options) =>
            catalogue.import?.(source, options) as ReturnType<NonNullable<Catalogue['import']>>,
          update: (change, changedRemote) => {
            if (changedRemote !== undefined) job.record = { ...job.record, remote: changedRemote };
            job.startedAt = performance.now();
            delete job.startedBytes;
            this.#update(job, change);
            void this.#keep(job);
          },
          progress: (doneBytes, totalBytes) => this.#progressed(job, doneBytes, totalBytes),
          mustHaveRoom: (bytes) => this.#mustHaveRoom(bytes),
        },
        {
          directory: this.#folder(view.id),
          modelDirectories: settings.current.modelDirectories,
          signal,
          ...(token === undefined ? {} : { token }),
          ...(this.#init.download ? { download: this.#init.download } : {}),
        },
        job.record,
      );
      const { totalBytes } = job.record.view;
      this.#update(job, { state: 'done', model, bytesPerSecond: null, doneBytes: totalBytes ?? 0 });
      // Kept before its files go: a hub that dies in between would take it up without them.
      await this.#keep(job);
      await rm(this.#folder(view.id), { recursive: true, force: true });
      const { deploy, replace } = this.#components;
      await this.#serve(model, replace);
      if (view.deploy) await this.#serve(model, deploy);
    } catch (error) {
      const isPaused = signal.aborted;
      const { code, message } = failureOf(error);
      if (!isPaused)
        logger.warn({ import: view.id, source: view.source, reason: message }, 'an import failed');
      this.#update(job, {
        state: isPaused ? 'paused' : 'failed',
        error: isPaused ? null : { code, message },
        waiting: null,
        bytesPerSecond: null,
        resumable: isPaused || canHelp(error, view.kind),
      });
    }
    await this.#keep(job);
  }

  /** The model is here whatever comes of this; its page shows what keeps it from being served. */
  async #serve(model: string, serve: ImportsComponents['deploy']): Promise<void> {
    const { logger } = this.#components;
    await serve(model).catch((error: unknown) => {
      logger.warn({ model, reason: messageOf(error) }, 'a model that came could not be deployed');
    });
  }

  #progressed(job: Job, doneBytes: number, totalBytes: number): void {
    job.startedAt ??= performance.now();
    job.startedBytes ??= doneBytes;
    const seconds = (performance.now() - job.startedAt) / 1000;
    const came = doneBytes - job.startedBytes;
    const bytesPerSecond = seconds > 0.2 && came > 0 ? Math.round(came / seconds) : null;
    this.#update(job, { doneBytes, totalBytes, bytesPerSecond, waiting: null });
  }

  #update(job: Job, change: Partial<Import>): void {
    job.record = { ...job.record, view: { ...job.record.view, ...change, updatedAt: Date.now() } };
    this.#tell(job.record.view.id);
  }

  /** What can't be kept is still worked on; it only would not survive a restart. */
  async #keep({ record }: Job): Promise<void> {
    const { id, createdAt } = record.view;
    await this.#components.store.put(id, createdAt, record).catch((error: unknown) => {
      this.#components.logger.error({ import: id, reason: messageOf(error) }, 'an import could not be kept');
    });
  }

  /** Known before gigabytes are sent. */
  #mustBeFree(name: string, variant: string | undefined): void {
    const wanted = variant === undefined ? name : `${name}:${variant}`;
    const taken = this.#components.catalogue.list.find(({ id }) => id.toLowerCase() === wanted.toLowerCase());
    if (!taken) return;
    throw new ImportError(
      'conflict',
      `There is a model ${taken.id} here already. Upload this one under another name, or remove that one first.`,
      'name',
    );
  }

  async #mustHaveRoom(bytes: number): Promise<void> {
    await makeDirectory(this.#init.directory);
    const free = await freeDiskBytes(this.#init.directory);
    if (free >= bytes) return;
    throw new StorageError(
      `It takes ${formatBytes(bytes)} on the hub's disk while it is imported; ${formatBytes(free)} are free. ` +
        'Free some, or choose a smaller variant.',
    );
  }

  #find(id: string): Job {
    const job = this.#jobs.get(id);
    if (job) return job;
    throw new ImportError('import_not_found', `There is no import ${id}.`, 'id');
  }

  #folder(id: string): string {
    return path.join(this.#init.directory, id);
  }

  /** An upload's files lie in a folder of its name: the model is called after it. */
  #uploadFolder({ id, source }: Pick<Import, 'id' | 'source'>): string {
    return path.join(this.#folder(id), source);
  }

  #tell(id: string): void {
    for (const listener of [...this.#listeners]) listener(id);
  }
}

/** Known before anything counts as added. @throws ImportError saying what the directory lacks */
async function mustHoldModel({ source, variant }: Import, allowed: readonly string[]): Promise<void> {
  const wanted = { directory: source, ...(variant === null ? {} : { variant }), allowed };
  await findModelSource(wanted).catch((error: unknown) => {
    if (error instanceof ModelError) throw new ImportError('bad_upload', error.message, 'path');
    throw error;
  });
}

function conflict({ record }: Job, what: string): ImportError {
  return new ImportError(
    'conflict',
    `The import of ${record.view.source} ${what}; it is ${record.view.state}.`,
  );
}

/**
 * True where the same import may end otherwise. A model that can't be run stays one, unless somebody changes its directory,
 * or a busy machine had no time for it.
 */
function canHelp(error: unknown, kind: Import['kind']): boolean {
  if (kind === 'directory' || !(error instanceof DomainError && error.kind === 'unusable')) return true;
  for (let one: unknown = error; one instanceof Error; one = one.cause)
    if (one instanceof EncodingError) return true;
  return false;
}

/** What people and programs are told of an import that failed; codes of the system stay out of it. */
function failureOf(error: unknown): { code: string; message: string } {
  if (error instanceof StorageError) return { code: 'no_space', message: error.message };
  if (isFullDisk(error)) return { code: 'no_space', message: fullDiskError(error).message };
  const isOurs = error instanceof RemoteHubError || error instanceof ImportError;
  return { code: isOurs ? error.code : 'failed', message: messageOf(error) };
}
