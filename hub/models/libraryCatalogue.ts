/** The catalogue of a model library on disk. */
import { ModelId, type ModelPackage } from '@potluck/protocol';
import type { Logger } from 'pino';
import { builtInModelId } from './builtInModel.ts';
import { ModelError } from './modelError.ts';
import type { Catalogue, CatalogueListener } from './catalogue.ts';
import type { Model } from './model.ts';
import type { ModelImportOptions } from './importModel.ts';
import type { ModelLibrary, ModelRequest } from './modelLibrary.ts';
import type { ModelSource } from './modelSource.ts';
import type { LeftOut } from './storedModels.ts';

export interface LibraryCatalogueInit {
  /** Longest sequence to serve, in tokens; undefined means what each model can do. */
  contextLength?: number;
  /** Told what is left out. */
  logger?: Logger;
}

export class LibraryCatalogue implements Catalogue {
  readonly #library: ModelLibrary;
  readonly #init: LibraryCatalogueInit;
  readonly #listeners = new Set<CatalogueListener>();
  readonly #opened = new Map<string, Promise<Model>>();
  #list: ModelPackage[] = [];
  #leftOut: LeftOut[] = [];

  private constructor(library: ModelLibrary, init: LibraryCatalogueInit) {
    this.#library = library;
    this.#init = init;
  }

  /** Looks what is on the disk. */
  static async load(library: ModelLibrary, init: LibraryCatalogueInit = {}): Promise<LibraryCatalogue> {
    const catalogue = new LibraryCatalogue(library, init);
    await library.tidy();
    await catalogue.#look();
    for (const { name, reason } of catalogue.#leftOut)
      init.logger?.warn(
        { name, reason },
        'a model is left out; add it again, or delete it from the models folder',
      );
    return catalogue;
  }

  get list(): readonly ModelPackage[] {
    return this.#list;
  }

  /** What lies among the models and can't be used. */
  get leftOut(): readonly LeftOut[] {
    return this.#leftOut;
  }

  find(id: string): ModelPackage | undefined {
    return this.#list.find((model) => model.id === id);
  }

  isBuiltIn(id: string): boolean {
    return id === builtInModelId;
  }

  open(id: string): Promise<Model> {
    const opened = this.#opened.get(id) ?? this.#library.openStored(id, this.#init.contextLength);
    this.#opened.set(id, opened);
    opened.catch(() => this.#opened.delete(id));
    return opened;
  }

  /**
   * Opens what a flag names: a model that is here, the built-in one, or a directory, which is imported first.
   * @throws ModelError naming what can't be used and why
   */
  async openReference(request: ModelRequest): Promise<Model> {
    const { contextLength } = this.#init;
    const model = await this.#library.open({
      ...request,
      ...(contextLength === undefined ? {} : { contextLength }),
    });
    await this.#added(model.package.id);
    this.#opened.set(model.package.id, Promise.resolve(model));
    return model;
  }

  /**
   * Imports a directory under its source's id.
   * @throws ModelError, StorageError, or the signal's reason
   */
  async import(source: ModelSource, options: ModelImportOptions = {}): Promise<ModelPackage> {
    const imported = await this.#library.import(source, options);
    this.#opened.delete(imported.id);
    await this.#added(imported.id);
    return imported;
  }

  async remove(id: string): Promise<void> {
    if (this.isBuiltIn(id)) throw new ModelError(`${id} comes with the hub and can't be removed.`);
    const modelId = ModelId.parse(id);
    this.#opened.delete(id);
    this.#list = this.#list.filter((model) => model.id !== id);
    await this.#library.remove(modelId);
    this.#tell(modelId);
  }

  /** Nobody asks its models any more: this hub stops, or leads no more. */
  close(): void {
    for (const opened of this.#opened.values())
      opened.then(
        ({ tokenizer }) => tokenizer.close(),
        () => undefined,
      );
  }

  listen(listener: CatalogueListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #look(): Promise<void> {
    const { models, leftOut } = await this.#library.list();
    this.#list = models;
    this.#leftOut = leftOut;
  }

  async #added(id: ModelId): Promise<void> {
    await this.#look();
    this.#tell(id);
  }

  #tell(id: ModelId): void {
    for (const listener of [...this.#listeners]) listener(id);
  }
}
