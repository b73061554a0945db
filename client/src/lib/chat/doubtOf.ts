/** How a token of an answer is marked, by how likely it was: sure ones not at all. */
export function doubtOf(probability: number): 'none' | 'some' | 'much' {
  if (probability >= 0.8) return 'none';
  return probability >= 0.4 ? 'some' : 'much';
}
