/** Which files of a repository a model is made of, beside its graph and weights. */

/** Kept with the model, where they are there. */
export const keptFileNames = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'LICENSE',
  'LICENSE.txt',
];

/** Without these nothing can be imported. */
export const neededFileNames = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

/** Those that are missing, for people: `tokenizer.json and tokenizer_config.json`; undefined where all are there. */
export function describeMissing(names: Iterable<string>): string | undefined {
  const present = new Set(names);
  const missing = neededFileNames.filter((name) => !present.has(name));
  return missing.length === 0 ? undefined : new Intl.ListFormat('en').format(missing);
}
