/** Models as Ollama lists and shows them. */
import type { ModelPackage } from '@potluck/protocol';
import { marksThoughts, takesTools } from '../../models/responseFormat.ts';
import { writesText } from '../../models/writesText.ts';
import type { Deployment } from '../../pipelines/deployment.ts';
import type { ListedModel } from '../inference/listedModels.ts';
import { servedContext } from '../../pipelines/servedContext.ts';

/** What a model is, for people; what the hub does not know is empty. */
function detailsOf(model: ModelPackage) {
  return {
    parent_model: '',
    format: 'onnx',
    family: 'onnx',
    families: ['onnx'],
    parameter_size: parameterSize(model.parameterCount),
    quantization_level: '',
  };
}

/** Such as `494.03M`. */
function parameterSize(count: number): string {
  const [unit, letter] = count >= 1e9 ? [1e9, 'B'] : count >= 1e6 ? [1e6, 'M'] : [1e3, 'K'];
  return `${(count / unit).toFixed(count >= 1e9 ? 1 : 2)}${letter}`;
}

function sizeOf(model: ModelPackage): number {
  const layers = model.layers.reduce((sum, { weightBytes }) => sum + weightBytes, 0);
  return layers + model.embeddingBytes + model.headBytes + model.tiedBytes;
}

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** An entry of `GET /api/tags`. */
export function listedModel({ name, model }: Pick<ListedModel, 'name' | 'model'>) {
  return {
    name,
    model: name,
    modified_at: isoTime(model.importedAt),
    size: sizeOf(model),
    digest: model.graph.sha256,
    details: detailsOf(model),
  };
}

/** Nothing is unloaded because it was not asked for a while. */
const never = '2318-01-01T00:00:00Z';

/** An entry of `GET /api/ps`: models that devices serve now. */
export function runningModel(deployment: Deployment) {
  const { modified_at: _, ...listed } = listedModel({
    name: deployment.model.package.id,
    model: deployment.model.package,
  });
  return {
    ...listed,
    expires_at: never,
    size_vram: listed.size,
    context_length: servedContext(deployment)?.tokens ?? 0,
  };
}

/** `POST /api/show`. */
export function shownModel(deployment: Deployment) {
  const { package: model, tokenizer } = deployment.model;
  const context = servedContext(deployment)?.tokens ?? model.contextLength;
  return {
    license: model.license ?? '',
    modelfile: `# ${model.id} is served by Potluck, which knows no Modelfile.\nFROM ${model.id}\n`,
    parameters: '',
    template: '',
    system: '',
    details: detailsOf(model),
    model_info: {
      'general.architecture': 'onnx',
      'general.basename': model.id,
      'general.parameter_count': model.parameterCount,
      'onnx.context_length': context,
      'onnx.block_count': model.layers.length,
      'onnx.vocab_size': model.vocabularySize,
    },
    capabilities: !writesText(model)
      ? ['embedding']
      : [
          'completion',
          ...(takesTools(tokenizer.responseFormat) ? ['tools'] : []),
          ...(marksThoughts(tokenizer.responseFormat) ? ['thinking'] : []),
        ],
    modified_at: isoTime(model.importedAt),
  };
}
