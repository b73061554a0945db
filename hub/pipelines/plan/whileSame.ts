/** Results of pure functions, remembered while what they were made of is the same. */

type Results = Map<string, { inputs: readonly unknown[]; result: unknown }>;

const remembered = new WeakMap<object, Results>();

/**
 * Computes once for the same inputs.
 * @param lifetime what the result belongs to: it is forgotten with it
 * @param question who asks what; only its last result is remembered
 * @param inputs all that the result depends on beside `lifetime`, compared by identity
 */
export function whileSame<T>(
  lifetime: object,
  question: string,
  inputs: readonly unknown[],
  compute: () => T,
): T {
  const questions = remembered.get(lifetime) ?? (new Map() as Results);
  remembered.set(lifetime, questions);
  const last = questions.get(question);
  if (
    last?.inputs.length === inputs.length &&
    last.inputs.every((one, index) => Object.is(one, inputs[index]))
  )
    return last.result as T;
  const result = compute();
  questions.set(question, { inputs, result });
  return result;
}
