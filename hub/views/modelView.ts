/** An imported model as the API shows it. */
import type { Model } from '@potluck/api';
import type { ModelPackage } from '@potluck/protocol';

export function viewModel(model: ModelPackage, state: Pick<Model, 'builtIn' | 'deployed'>): Model {
  const { embeddingBytes, headBytes, tiedBytes } = model;
  const layerBytes = model.layers.reduce((sum, layer) => sum + layer.weightBytes, 0);
  return {
    id: model.id,
    source: model.source,
    license: model.license ?? null,
    importedAt: model.importedAt * 1000,
    parameterCount: model.parameterCount,
    contextLength: model.contextLength,
    vocabularySize: model.vocabularySize,
    weightBytes: layerBytes + embeddingBytes + headBytes + tiedBytes,
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
