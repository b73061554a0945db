/**
 * Constrained decoding: a grammar, JSON Schema or regular expression says which tokens may come next.
 *
 * The engine asks a thread (`constraintHost`) that runs `constraintService`; behind it stands `AnswerConstraint`, over the
 * port `TokenConstraint`, over llguidance. The hub tries a grammar before any worker sees it (`tryGrammar`).
 */
export { constraintHost, type ConstraintHost } from './constraintHost.ts';
export { constraintService, type ConstraintService } from './constraintService.ts';
export { tryGrammar } from './grammarBook.ts';
export { Llguidance } from './llguidance.ts';
export type { GrammarText } from './tokenConstraint.ts';
export { allows } from './tokenMask.ts';
export { writeVocabulary } from './vocabulary.ts';
