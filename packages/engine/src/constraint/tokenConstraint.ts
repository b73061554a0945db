/** The port behind which a grammar engine says which tokens may come next. It knows no model and no session. */

/** What an answer is held to. */
export interface GrammarText {
  kind: 'json-schema' | 'regex' | 'lark';
  text: string;
}

/** One answer on its way through a grammar. */
export interface TokenConstraint {
  /** True where nothing may follow: the answer is complete. */
  readonly ended: boolean;
  /** True where the answer may end here. */
  readonly mayEnd: boolean;
  /**
   * Writes which tokens may come next, as `tokenMask.ts` lays them out. None may, where the answer has ended.
   * @param into one bit for each token of the vocabulary, in whole words
   * @throws ConstraintError where the engine gives up, by its own limits
   */
  mask(into: Uint32Array): void;
  /** Takes a token. @throws ConstraintError where it may not come next; nothing has changed then */
  accept(token: number): void;
  /** Takes the last tokens back. @throws ConstraintError */
  rollback(count: number): void;
  /** Frees its memory. */
  dispose(): void;
}

/** Thrown where a grammar can't be used, or a token does not fit. */
export class ConstraintError extends Error {
  override readonly name = 'ConstraintError';
  readonly code = 'constraint-failed';
}
