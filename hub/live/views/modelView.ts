/** An imported model as the API shows it. */
import type { Model, Settings } from '@potluck/api';
import type { ModelPackage } from '@potluck/protocol';
import type { Catalogue } from '../../models/catalogue.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import { stageMemory } from '../../placement/stageMemory.ts';

export interface ModelViewComponents {
  catalogue: Pick<Catalogue, 'isBuiltIn'>;
  deployments: Pick<Deployments, 'find'>;
  settings: () => Pick<Settings, 'aliases' | 'modelDefaults' | 'loadOnDemand'>;
  /** The model that answers where none is named. */
  defaultModel: () => string | undefined;
}

type ModelState = Pick<
  Model,
  'builtIn' | 'deployed' | 'isDefault' | 'loadsOnDemand' | 'aliases' | 'defaults'
>;

/** What the hub knows of a model beside its files. */
export function modelState(
  { catalogue, deployments, settings, defaultModel }: ModelViewComponents,
  id: string,
): ModelState {
  const { aliases, modelDefaults, loadOnDemand } = settings();
  return {
    builtIn: catalogue.isBuiltIn(id),
    deployed: deployments.find(id) !== undefined,
    isDefault: defaultModel() === id,
    loadsOnDemand: loadOnDemand,
    aliases: Object.keys(aliases).filter((alias) => aliases[alias] === id),
    defaults: (Object.hasOwn(modelDefaults, id) ? modelDefaults[id] : undefined) ?? null,
  };
}

export function viewModel(model: ModelPackage, state: ModelState): Model {
  const { embeddingBytes, headBytes, tiedBytes } = model;
  return {
    id: model.id,
    task: model.encoder?.task ?? 'chat',
    source: model.source,
    license: model.license ?? null,
    importedAt: model.importedAt * 1000,
    parameterCount: model.parameterCount,
    contextLength: model.contextLength,
    vocabularySize: model.vocabularySize,
    weightBytes: stageMemory(model)(0, model.layers.length - 1).weightBytes,
    embeddingBytes,
    headBytes,
    tiedBytes,
    layers: model.layers.map(({ weightBytes, cacheBytesPerToken, stateBytes }) => ({
      weightBytes,
      cacheBytesPerToken,
      stateBytes,
    })),
    notes: model.notes,
    ...state,
  };
}
