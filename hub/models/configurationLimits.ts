/** How much a model's configuration may hold: the hub parses it where it also answers everybody else. */
import { exceededLimit } from '@potluck/protocol';
import { ModelError } from './modelError.ts';

const configurations = new Set([
  'config.json',
  'generation_config.json',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
]);
/** Those in use have some kilobytes, and some hundred values. */
const maxCharacters = 1024 * 1024;
const limits = { maxValues: 50_000, maxDepth: 100 };

/**
 * Looks at a file's text before it is parsed.
 * @param name of the file; those that are no configuration pass
 * @throws ModelError if it is larger than any real one
 */
export function refuseLargeConfiguration(name: string, text: string): void {
  if (!configurations.has(name)) return;
  if (text.length <= maxCharacters && exceededLimit(text, limits) === undefined) return;
  throw new ModelError(
    `${name} is no usable configuration: the hub takes at most ${maxCharacters} characters, ${limits.maxValues} values and names of fields, and ` +
      `${limits.maxDepth} arrays and objects within one another. Look for long lists in it, such as 'eos_token_id'.`,
  );
}
