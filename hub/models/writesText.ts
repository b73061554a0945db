import type { ModelPackage } from '@potluck/protocol';

/** False for encoders, and for models that only rate documents. */
export function writesText({ encoder, reranker }: Pick<ModelPackage, 'encoder' | 'reranker'>): boolean {
  return !encoder && !reranker;
}
