/** What an answer is held to while it is drawn: serialisable, sent to the last stage when a session opens. */
import { z } from 'zod';

/** Longest grammar or schema, in characters. */
export const maxConstraintCharacters = 256 * 1024;

const token = z.number().int().nonnegative();

export const ConstraintDescription = z.object({
  /** How `text` is read: JSON Schema, a regular expression for the whole answer, or a grammar in llguidance's Lark. */
  kind: z.enum(['json-schema', 'regex', 'lark']),
  text: z.string().min(1).max(maxConstraintCharacters),
  /** The answer is free until this text has come; missing: it is held from its first token on. */
  after: z
    .object({
      text: z.string().min(1).max(200),
      /** The token that is this text alone, where there is one. */
      tokenId: token.optional(),
      /**
       * Only where the answer begins with this token; it is held at once where it does not. Missing: the answer is free from
       * its first token on.
       */
      opensWith: token.optional(),
      /** Whether the answer may end without the text. */
      mayEnd: z.boolean(),
    })
    .optional(),
  /** Tokens that end the answer where the grammar lets it end; the session's `stopTokenIds` hold them, too. */
  endTokenIds: z.array(token).min(1).max(2000),
});
export type ConstraintDescription = z.infer<typeof ConstraintDescription>;
