/** An imported model as the API shows it. */
import type { Model } from '@potluck/api';
import type { ModelPackage } from '@potluck/protocol';
import { stageMemory } from '../../placement/stageMemory.ts';

export function viewModel(model: ModelPackage, state: Pick<Model, 'builtIn' | 'deployed'>): Model {
  const { embeddingBytes, headBytes, tiedBytes } = model;
  return {
    id: model.id,
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
