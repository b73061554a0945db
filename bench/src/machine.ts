/** What a result was measured with. */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';

/** Versions of what the figures depend on. */
export function describeMachine(): Record<string, string> {
  const version = (name: string): string => {
    const text = readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  };
  return {
    processor: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    'onnxruntime-node': version('onnxruntime-node'),
    '@huggingface/transformers': version('@huggingface/transformers'),
    'node-datachannel': version('node-datachannel'),
  };
}
