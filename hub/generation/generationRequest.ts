/** What a request asks of the hub's devices. */
import type { ConstraintDescription, SamplingDescription, SessionId } from '@potluck/protocol';
import type { Generation } from './generation.ts';
import type { AskedRequest, ChoicePlace, JournalEntry } from './journal/journalEntry.ts';
import type { RequestAuthor, Words } from './requestRecord.ts';

/** A constraint without the tokens that end the answer. */
export type AnswerGrammar = Omit<ConstraintDescription, 'endTokenIds'>;

/** What is to be generated: it starts from tokens, whatever they were made of. */
export interface GenerationRequest {
  /** Token ids of the whole prompt, at least one. */
  prompt: number[];
  /** Longest answer in tokens; undefined leaves it to the hub. */
  maxTokens?: number;
  /** True to answer with fewer tokens where the devices have no room for `maxTokens`. Default: that is an error. */
  mayBeShorter?: boolean;
  /** Shortest answer in tokens, but for one with a constraint, which ends when it is complete. Default: none. */
  minTokens?: number;
  /** True to draw no token at all: only the prompt runs. Default: false. */
  answersNothing?: boolean;
  /** Tell how likely each token of the prompt was, with so many of the likeliest in its place. Default: that is not told. */
  promptScores?: number;
  stopStrings: string[];
  /** True to make the stop string that came part of the answer. Default: false. */
  showsStop?: boolean;
  /** Tokens that end the answer, beside the model's own. */
  stopTokenIds?: number[];
  /** True to go on where the model would end. Default: false. */
  ignoresEnd?: boolean;
  /** Texts of special tokens that are part of the answer's text. Default: none. */
  shownMarks?: ReadonlySet<string>;
  /** The seed is drawn where there is none. */
  sampling: Partial<SamplingDescription>;
  /** What is drawn then, where it was drawn before. */
  seedToDraw?: number;
  /** Tokens at the beginning of the prompt that come of its system prompt alone. Default: that is not known. */
  systemTokens?: number;
  /** Begins with caches of requests of the same share that gave the same one, and no others. Default: those that gave none. */
  cacheSalt?: string;
  /** Another choice of the same request: it computes the prompt for both, where that is sooner. */
  samePromptAs?: Generation;
  /** What the answer is held to; its end tokens are the hub's to add. */
  constraint?: AnswerGrammar;
  /** Where the request has several answers; the first one is that of its own id. */
  choice?: Omit<ChoicePlace, 'of'> & { of?: SessionId };
  /** Its id. Default: one is drawn. */
  id?: SessionId;
  /** True where an answer to it was begun before: stages know its id, and open no second session by that. Default: false. */
  isAnew?: boolean;
  /** As its client sent it, where the next run of the hub may go on with the answer. */
  asked?: AskedRequest;
  /** What a former run of the hub has of it: the answer goes on with that, whatever else is asked for here. */
  suspended?: JournalEntry;
  /** For the record. */
  stream: boolean;
  /** When the request came, by `performance.now()`: its template and tokenizer ran since. */
  arrivedAt: number;
  /** Who shares the hub with others: each share gets its turn, however many requests the others have. */
  share: string;
  /** For the record. */
  author: RequestAuthor;
  /** For the record: its words are not kept, whatever the settings say. Default: false. */
  isTemporary?: boolean;
  /** What was asked, where it and the answer are kept with the request. */
  words?: Words[];
}
