/** A script that is held to a constraint as a last stage holds a model: what may not come next is drawn in another way. */
import { allows, constraintService, type ConstraintService } from '@potluck/engine/constraint';
import { readLlguidance } from '@potluck/engine/constraint/node';
import type { ConstraintDescription } from '@potluck/protocol';

let service: ConstraintService | undefined;
const vocabularies = new Map<Uint8Array, Promise<number>>();
let answers = 0;

/** What an answer is held to, and how long it may be. */
export interface ScriptToHold {
  /** Of the model's tokenizer. */
  vocabulary: Uint8Array;
  description: ConstraintDescription;
  /** Token ids that the script wants; its end included. */
  script: readonly number[];
  /** Longest answer, in tokens. */
  mostTokens: number;
}

/**
 * The script as far as the constraint lets it come, and from the first token on that may not come: an end where there may be
 * one, else the first token that may.
 */
export async function heldScript(asked: ScriptToHold): Promise<{ tokens: number[]; hasEnded: boolean }> {
  const { vocabulary, description, script, mostTokens } = asked;
  service ??= constraintService(() => WebAssembly.compile(readLlguidance()));
  const held = service;
  const id = vocabularies.get(vocabulary) ?? setUpNext(held, vocabulary);
  vocabularies.set(vocabulary, id);
  const answerId = ++answers;
  await held.open(answerId, { vocabularyId: await id, description, answered: [], mostTokens });
  const tokens: number[] = [];
  const { endTokenIds } = description;
  let follows = true;
  let hasEnded = false;
  while (tokens.length < mostTokens && !hasEnded) {
    const allowed = await held.mask(answerId, tokens.length);
    const may = (token: number): boolean => allows(allowed, token);
    const wanted: number | undefined = follows ? script[tokens.length] : undefined;
    const drawn = wanted !== undefined && may(wanted) ? wanted : (endTokenIds.find(may) ?? firstOf(allowed));
    const taken = await held.take(answerId, tokens.length, drawn);
    follows &&= taken === wanted;
    tokens.push(taken);
    hasEnded = endTokenIds.includes(taken);
  }
  await held.close(answerId);
  return { tokens, hasEnded };
}

async function setUpNext(held: ConstraintService, vocabulary: Uint8Array): Promise<number> {
  const id = vocabularies.size + 1;
  await held.setUp(id, vocabulary);
  return id;
}

function firstOf(allowed: Uint32Array): number {
  const word = allowed.findIndex((bits) => bits !== 0);
  if (word < 0) throw new Error('no token may come next');
  return 32 * word + (31 - Math.clz32((allowed[word] ?? 0) & -(allowed[word] ?? 0)));
}
