/** Well-known instruct models that the hub can fetch by name. Sizes are about; the Hub's own numbers come with a look. */
import type { Suggestion } from '@potluck/api';

type Suggested = Omit<Suggestion, 'fit'>;

const megabyte = 1e6;

/** Smallest first. */
export const suggestedModels: readonly Suggested[] = [
  {
    repository: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    name: 'SmolLM2 135M',
    description: 'Tiny and quick: short questions in English, on any device.',
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: '4-bit weights',
    contextLength: 8192,
    capabilities: [],
    parameterCount: 135e6,
    bytes: 200 * megabyte,
  },
  {
    repository: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    name: 'SmolLM2 360M',
    description: 'Small: simple questions and rewriting in English.',
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: '4-bit weights',
    contextLength: 8192,
    capabilities: [],
    parameterCount: 362e6,
    bytes: 400 * megabyte,
  },
  {
    repository: 'onnx-community/Qwen2.5-0.5B-Instruct',
    name: 'Qwen2.5 0.5B',
    description: 'Small, in many languages.',
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: '4-bit weights',
    contextLength: 32_768,
    capabilities: ['tools'],
    parameterCount: 494e6,
    bytes: 790 * megabyte,
  },
  {
    repository: 'onnx-community/Qwen3-0.6B-ONNX',
    name: 'Qwen3 0.6B',
    description: 'Small, in many languages; can think before it answers.',
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: '4-bit weights',
    contextLength: 40_960,
    capabilities: ['tools', 'thinking'],
    parameterCount: 596e6,
    bytes: 920 * megabyte,
  },
  {
    repository: 'HuggingFaceTB/SmolLM2-1.7B-Instruct',
    name: 'SmolLM2 1.7B',
    description: 'Better answers in English, for one good laptop or two.',
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: '4-bit weights',
    contextLength: 8192,
    capabilities: [],
    parameterCount: 1711e6,
    bytes: 1500 * megabyte,
  },
  {
    repository: 'onnx-community/Qwen3-4B-ONNX',
    name: 'Qwen3 4B',
    description: 'Good answers in many languages; thinks before it answers. For several devices.',
    license: 'apache-2.0',
    variant: 'model_q4',
    quantization: '4-bit weights',
    contextLength: 40_960,
    capabilities: ['tools', 'thinking'],
    parameterCount: 4022e6,
    bytes: 4000 * megabyte,
  },
];
