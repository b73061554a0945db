/** Answers that are held to a constraint, by number: what a thread of its own does for the engine. */
import type { ConstraintDescription } from '@potluck/protocol';
import { transfer } from 'comlink';
import '../rpc/comlinkErrors.ts';
import { AnswerConstraint } from './answerConstraint.ts';
import { GrammarBook } from './grammarBook.ts';
import { Llguidance } from './llguidance.ts';
import { ConstraintError } from './tokenConstraint.ts';
import { maskWords } from './tokenMask.ts';
import { readVocabulary } from './vocabulary.ts';

/** Answers that are held at once; of more, those that were asked for longest ago are let go. */
const mostAnswers = 256;

/** An answer before it is held. */
export interface OpenAnswer {
  /** Of `setUp`. */
  vocabularyId: number;
  description: ConstraintDescription;
  /** Tokens of the answer that are there already. */
  answered: readonly number[];
  /** Longest answer, in tokens. */
  mostTokens: number;
}

/** What is exposed through Comlink. The caller numbers vocabularies and answers. */
export interface ConstraintService {
  /** Sets up for a vocabulary: seconds for 150,000 tokens. @throws what is wrong with the blob */
  setUp(vocabularyId: number, blob: Uint8Array): Promise<void>;
  /** @throws ConstraintError */
  open(answerId: number, answer: OpenAnswer): Promise<void>;
  /**
   * Which tokens may come after the first `length` of the answer; later ones are taken back.
   * @returns a bit for each token of the vocabulary
   * @throws ConstraintError
   */
  mask(answerId: number, length: number): Promise<Uint32Array<ArrayBuffer>>;
  /**
   * Takes the token after the first `length`.
   * @returns the token that was taken: another one, where the answer could not be ended in time after this one
   * @throws ConstraintError
   */
  take(answerId: number, length: number, token: number): Promise<number>;
  close(answerId: number): Promise<void>;
}

/** @param module of the grammar engine; loaded with the first vocabulary */
export function constraintService(module: () => Promise<WebAssembly.Module>): ConstraintService {
  let engine: Promise<Llguidance> | undefined;
  const books = new Map<number, GrammarBook>();
  const answers = new Map<number, { constraint: AnswerConstraint; mostTokens: number; words: number }>();

  /** The answer with its first `length` tokens. */
  function at(answerId: number, length: number) {
    const answer = answers.get(answerId);
    if (!answer) throw new ConstraintError('the answer is not held here');
    answers.delete(answerId);
    answers.set(answerId, answer);
    const beyond = answer.constraint.length - length;
    if (beyond < 0) throw new ConstraintError(`${-beyond} tokens of the answer are unknown here`);
    answer.constraint.rollback(beyond);
    return answer;
  }

  return {
    async setUp(vocabularyId, blob) {
      engine ??= module().then((compiled) => Llguidance.open(compiled));
      books.set(vocabularyId, new GrammarBook(await engine, readVocabulary(blob)));
    },
    async open(answerId, { vocabularyId, description, answered, mostTokens }) {
      const book = books.get(vocabularyId);
      if (!book) throw new ConstraintError('the vocabulary is not set up');
      const constraint = new AnswerConstraint(book.compile(description), description);
      for (const [index, token] of answered.entries()) {
        if (constraint.take(token, mostTokens - index - 1) === token) continue;
        constraint.dispose();
        throw new ConstraintError('the answer so far does not follow its constraint');
      }
      answers.set(answerId, { constraint, mostTokens, words: maskWords(book.size) });
      for (const [oldest, answer] of answers) {
        if (answers.size <= mostAnswers) break;
        answer.constraint.dispose();
        answers.delete(oldest);
      }
    },
    async mask(answerId, length) {
      const { constraint, words } = at(answerId, length);
      const mask = new Uint32Array(words);
      constraint.mask(mask);
      return transfer(mask, [mask.buffer]);
    },
    async take(answerId, length, token) {
      const { constraint, mostTokens } = at(answerId, length);
      return constraint.take(token, mostTokens - length - 1);
    },
    async close(answerId) {
      answers.get(answerId)?.constraint.dispose();
      answers.delete(answerId);
    },
  };
}
