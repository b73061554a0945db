/** The engine for grammars, with a vocabulary of single bytes: a test gives it texts. */
import { Llguidance } from '@potluck/engine/constraint';
import { readLlguidance } from '@potluck/engine/constraint/node';

export const grammarEngine = await Llguidance.open(await WebAssembly.compile(readLlguidance()));

const bytes = grammarEngine.tokenizer({
  size: 257,
  end: 256,
  isMark: (token) => token === 256,
  bytes: (token) => (token < 256 ? Uint8Array.of(token) : new TextEncoder().encode('<end>')),
});

export function larkMatcher(text: string): ReturnType<typeof bytes.matcher> {
  return bytes.matcher({ kind: 'lark', text });
}

/** True where the text is a whole answer to the grammar. Disposes of the matcher. */
export function isTaken(matcher: ReturnType<typeof larkMatcher>, text: string): boolean {
  const tokens = [...new TextEncoder().encode(text)];
  const fits = matcher.accepts(tokens) === tokens.length;
  for (const token of fits ? tokens : []) matcher.accept(token);
  const isWhole = fits && matcher.mayEnd;
  matcher.dispose();
  return isWhole;
}
