/** The models that are here, as the rest of the hub asks for them. */
import type { ModelId, ModelPackage } from '@potluck/protocol';
import type { Model } from './model.ts';
import type { ModelImportOptions } from './importModel.ts';
import type { ModelSource } from './modelSource.ts';
import type { LeftOut } from './storedModels.ts';

/** Told when a model comes or goes. */
export type CatalogueListener = (id: ModelId) => void;

export interface Catalogue {
  /** All that can be deployed, oldest first. */
  readonly list: readonly ModelPackage[];
  /** What lies among the models and can't be used. */
  readonly leftOut: readonly LeftOut[];
  find(id: string): ModelPackage | undefined;
  /**
   * Makes a model ready to be cut and asked.
   * @throws ModelError if it is not here, or damaged
   */
  open(id: string): Promise<Model>;
  /**
   * Deletes a model and the weights that no other model has.
   * @throws ModelError if it can't be removed
   */
  remove(id: string): Promise<void>;
  /**
   * Imports a directory under its source's id, where this catalogue takes new models.
   * @throws ModelError, StorageError, or the signal's reason
   */
  import?(source: ModelSource, options?: ModelImportOptions): Promise<ModelPackage>;
  isBuiltIn(id: string): boolean;
  /** @returns a function that ends the listening */
  listen(listener: CatalogueListener): () => void;
}

/** A catalogue of models that are in memory. */
export function memoryCatalogue(models: readonly Model[]): Catalogue {
  const held = new Map(models.map((model) => [model.package.id as string, model]));
  const listeners = new Set<CatalogueListener>();
  return {
    get list() {
      return [...held.values()].map((model) => model.package);
    },
    leftOut: [],
    find: (id) => held.get(id)?.package,
    open: async (id) => {
      const model = held.get(id);
      if (!model) throw new Error(`there is no model ${id}`);
      return model;
    },
    remove: async (id) => {
      const model = held.get(id);
      if (!held.delete(id) || !model) return;
      for (const listener of [...listeners]) listener(model.package.id);
    },
    isBuiltIn: () => false,
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
