/** The few facts that a graph may leave open, from the model's config.json. */

export interface DecoderConfig {
  headSize: number | undefined;
  keyValueHeads: number | undefined;
  vocabularySize: number | undefined;
  maxContextLength: number | undefined;
  stopTokenIds: number[];
  hiddenSize: number | undefined;
  modelType: string | undefined;
  isEncoderDecoder: boolean;
  /** How rotary angles depend on the position, such as `longrope`. */
  ropeType: string | undefined;
}

/** Reads what we know from a parsed config.json; anything else in it, or missing, is no error. */
export function readDecoderConfig(config: unknown): DecoderConfig {
  const outer = asRecord(config);
  // Models with other modalities keep the decoder's part in text_config.
  const inner = { ...outer, ...asRecord(outer['text_config']) };
  const heads = count(inner['num_attention_heads']);
  const hidden = count(inner['hidden_size']);
  const headSize = count(inner['head_dim']) ?? (heads && hidden ? Math.floor(hidden / heads) : undefined);
  return {
    headSize,
    keyValueHeads: count(inner['num_key_value_heads']) ?? heads,
    vocabularySize: count(inner['vocab_size']),
    maxContextLength: count(inner['max_position_embeddings']) ?? count(inner['n_positions']),
    stopTokenIds: tokenIds(inner['eos_token_id']),
    hiddenSize: hidden,
    modelType: text(inner['model_type']),
    isEncoderDecoder: outer['is_encoder_decoder'] === true,
    ropeType: ropeType(inner['rope_parameters']) ?? ropeType(inner['rope_scaling']),
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function ropeType(value: unknown): string | undefined {
  const { rope_type: name, type } = asRecord(value);
  return text(name) ?? text(type);
}

function tokenIds(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => typeof id === 'number' && Number.isSafeInteger(id) && id >= 0);
}
