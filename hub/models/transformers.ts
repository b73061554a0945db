/**
 * transformers.js, of which the hub reads tokenizers and templates only. As it comes it loads a library for images and ONNX
 * Runtime, too: a tenth of a second of a processor in each of the threads and processes that read texts. Here it gets neither.
 */
import { registerHooks } from 'node:module';
import type { AutoTokenizer, PreTrainedTokenizer } from '@huggingface/transformers';

export interface Transformers {
  AutoTokenizer: typeof AutoTokenizer;
  PreTrainedTokenizer: typeof PreTrainedTokenizer;
}

/** What it asks for, and what it gets: something that is there, and the part of ONNX Runtime that computes nothing. */
const replacements = new Map([
  ['sharp', 'data:text/javascript,export default true'],
  ['onnxruntime-node', 'onnxruntime-common'],
]);

let loading: Promise<Transformers> | undefined;

/** Everything comes from the data directory: a missing file is an error, not a request to the internet. */
export function loadTransformers(): Promise<Transformers> {
  return (loading ??= load());
}

async function load(): Promise<Transformers> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const found = next(replacements.get(specifier) ?? specifier, context);
      // Apart from the library as others may load it in this process: with all that it asks for.
      return /@huggingface[/\\]transformers(?:$|[/\\])/.test(specifier)
        ? { ...found, url: `${found.url}?texts` }
        : found;
    },
  });
  try {
    // By name, so that a bundle leaves out what nobody reads.
    const { AutoTokenizer, PreTrainedTokenizer, env } = await import('@huggingface/transformers');
    env.allowRemoteModels = false;
    return { AutoTokenizer, PreTrainedTokenizer };
  } finally {
    hooks.deregister();
  }
}
