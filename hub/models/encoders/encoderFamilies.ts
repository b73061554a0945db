/** Encoders that are known by their names: exports as ONNX often lack the files that say how a vector is made. */
import type { EncoderDescription } from '@potluck/protocol';
import type { PoolingMode } from '@potluck/onnx';

export interface EncoderFamily {
  pooling: PoolingMode;
  /** Without these, none. */
  prompts?: Record<string, string>;
  /** Shorter vectors that its makers trained it for. */
  shorter?: NonNullable<EncoderDescription['shorter']>;
}

interface NamedFamily extends EncoderFamily {
  /** Part of the repository's name, in lower case. */
  name: RegExp;
}

const e5Prompts = { query: 'query: ', passage: 'passage: ', document: 'passage: ' };
const nomicPrompts = {
  query: 'search_query: ',
  document: 'search_document: ',
  search_query: 'search_query: ',
  search_document: 'search_document: ',
  classification: 'classification: ',
  clustering: 'clustering: ',
};
const retrievalPrompt = { query: 'Represent this sentence for searching relevant passages: ' };

/** By the model cards, as of November 2026; the first that fits counts. */
const families: readonly NamedFamily[] = [
  { name: /mxbai-embed-large/, pooling: 'cls', prompts: retrievalPrompt, shorter: 'any' },
  { name: /mxbai-embed/, pooling: 'cls', prompts: retrievalPrompt },
  { name: /arctic-embed-(m-v1\.5|m-v2|l-v2)/, pooling: 'cls', prompts: { query: 'query: ' }, shorter: 'any' },
  { name: /arctic-embed/, pooling: 'cls', prompts: retrievalPrompt },
  { name: /bge-m3/, pooling: 'cls' },
  { name: /bge-.*-zh/, pooling: 'cls', prompts: { query: '为这个句子生成表示以用于检索相关文章：' } },
  { name: /bge-(micro)/, pooling: 'mean' },
  { name: /bge-/, pooling: 'cls', prompts: retrievalPrompt },
  { name: /gte-(base|large)-en-v1\.5|gte-multilingual|gte-modernbert/, pooling: 'cls' },
  { name: /gte-(tiny|small|base|large)/, pooling: 'mean' },
  { name: /granite-embedding/, pooling: 'cls' },
  { name: /multi-qa-mpnet-base-dot/, pooling: 'cls' },
  { name: /nomic-embed-text-v1\.5/, pooling: 'mean', prompts: nomicPrompts, shorter: 'any' },
  { name: /nomic-embed-text|modernbert-embed/, pooling: 'mean', prompts: nomicPrompts },
  { name: /jina-embeddings-v2/, pooling: 'mean' },
  { name: /(^|[/-])e5-(?!mistral)/, pooling: 'mean', prompts: e5Prompts },
  { name: /minilm|all-mpnet|all-distilroberta|paraphrase-|multi-qa-/, pooling: 'mean' },
  {
    name: /qwen3-embedding/,
    pooling: 'last',
    prompts: {
      query: 'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:',
      document: '',
    },
    shorter: 'any',
  },
  { name: /embeddinggemma/, pooling: 'mean', shorter: [512, 256, 128] },
];

/** @param names of the model, as its repository, its directory and its configuration call it */
export function encoderFamily(names: readonly string[]): EncoderFamily | undefined {
  const lower = names.map((name) => name.toLowerCase());
  const found = families.find(({ name }) => lower.some((one) => name.test(one)));
  if (!found) return undefined;
  const { name: _, ...family } = found;
  return family;
}
