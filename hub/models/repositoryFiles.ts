/** Which files of a repository a model is made of, beside its graph and weights. */

/** Kept with the model, where they are there. */
export const keptFileNames = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  // Of Sentence Transformers: how an encoder makes one vector of a text.
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  '1_Pooling/config.json',
  '2_Dense/config.json',
  '2_Dense/model.safetensors',
  '3_Dense/config.json',
  '3_Dense/model.safetensors',
  // Of its rerankers that write: which logits are the score.
  '1_LogitScore/config.json',
  'LICENSE',
  'LICENSE.txt',
];

/** Under which a file of a folder is kept beside the others; undefined for weights, which are packed. */
export function keptUnder(name: string): string | undefined {
  return name.endsWith('.safetensors') ? undefined : name.replaceAll('/', '.');
}

/** Without these nothing can be imported. */
export const neededFileNames = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

/** Those that are missing, for people: `tokenizer.json and tokenizer_config.json`; undefined where all are there. */
export function describeMissing(names: Iterable<string>): string | undefined {
  const present = new Set(names);
  const missing = neededFileNames.filter((name) => !present.has(name));
  return missing.length === 0 ? undefined : new Intl.ListFormat('en').format(missing);
}
