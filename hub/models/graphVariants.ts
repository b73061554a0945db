/** Which of a repository's ONNX files to import. */

/**
 * Preferred first. Four-bit weights with float32 activations run everywhere; float16 activations need a GPU that has
 * them; `quantized` and the like hold eight-bit weights, which the importer rewrites; the rest is large.
 */
const preferredSuffixes = ['_q4', '_quantized', '_int8', '_uint8', '_q8', '_q4f16', '_fp16', '', '_fp32'];

/** Graphs that are no decoder with a cache of its own. */
const otherParts = /encoder|embed|vision|audio|no_cache/;

/**
 * Of optimum's older exports: a decoder that takes a cache, empty at first. Beside it lie `decoder_model`, which has none,
 * and `decoder_model_merged`, which holds both and chooses.
 */
const withPast = /^decoder_with_past_model/;
const withoutPast = /^decoder_model(_merged)?/;

/** True where the name says that the graph computes in half precision, as `model_q4f16` and `model_fp16` do. */
export function isFloat16(name: string): boolean {
  return /f(p|loat)?16/.test(name);
}

/** Names (without `.onnx`) of the graphs that can be a decoder, best first; no graph without a cache where one has it. */
export function rankGraphVariants(fileNames: string[]): string[] {
  const rank = (name: string): number => {
    const index = preferredSuffixes.findIndex((suffix) => suffix !== '' && name.endsWith(suffix));
    return index < 0 ? preferredSuffixes.indexOf('') : index;
  };
  const candidates = fileNames.filter((name) => name.endsWith('.onnx') && !otherParts.test(name));
  const hasPast = candidates.some((name) => withPast.test(name));
  return candidates
    .filter((name) => !hasPast || !withoutPast.test(name))
    .map((name) => name.slice(0, -'.onnx'.length))
    .sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
}
