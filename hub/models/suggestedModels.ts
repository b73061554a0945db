/** Well-known instruct models that the hub can fetch by name. Sizes are about; the Hub's own numbers come with a look. */
import type { Suggestion } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';

type Suggested = Omit<Suggestion, 'fit'>;

const megabyte = 1e6;

/** Smallest first. */
export const suggestedModels: readonly Suggested[] = [
  {
    repository: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    name: 'SmolLM2 135M',
    description: hubText('tiny-and-quick', {}),
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: hubText('four-bits', {}),
    contextLength: 8192,
    capabilities: [],
    parameterCount: 135e6,
    bytes: 200 * megabyte,
  },
  {
    repository: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    name: 'SmolLM2 360M',
    description: hubText('small-in-english', {}),
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: hubText('four-bits', {}),
    contextLength: 8192,
    capabilities: [],
    parameterCount: 362e6,
    bytes: 400 * megabyte,
  },
  {
    repository: 'onnx-community/Qwen2.5-0.5B-Instruct',
    name: 'Qwen2.5 0.5B',
    description: hubText('small-in-many-languages', {}),
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: hubText('four-bits', {}),
    contextLength: 32_768,
    capabilities: ['tools'],
    parameterCount: 494e6,
    bytes: 790 * megabyte,
  },
  {
    repository: 'onnx-community/Qwen3-0.6B-ONNX',
    name: 'Qwen3 0.6B',
    description: hubText('small-and-thinks', {}),
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: hubText('four-bits', {}),
    contextLength: 40_960,
    capabilities: ['tools', 'thinking'],
    parameterCount: 596e6,
    bytes: 920 * megabyte,
  },
  {
    repository: 'HuggingFaceTB/SmolLM2-1.7B-Instruct',
    name: 'SmolLM2 1.7B',
    description: hubText('better-in-english', {}),
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: hubText('four-bits', {}),
    contextLength: 8192,
    capabilities: [],
    parameterCount: 1711e6,
    bytes: 1500 * megabyte,
  },
  {
    repository: 'onnx-community/Qwen3-4B-ONNX',
    name: 'Qwen3 4B',
    description: hubText('good-and-thinks', {}),
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: hubText('four-bits', {}),
    contextLength: 40_960,
    capabilities: ['tools', 'thinking'],
    parameterCount: 4022e6,
    bytes: 4000 * megabyte,
  },
];
