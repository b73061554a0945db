/** Models that draw at random, over a vocabulary of bytes. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { AnswerConstraint } from '../constraint/answerConstraint.ts';
import { GrammarBook } from '../constraint/grammarBook.ts';
import { Llguidance } from '../constraint/llguidance.ts';
import { readLlguidance } from '../constraint/nodeModule.ts';
import { allows, maskWords } from '../constraint/tokenMask.ts';
import { byteVocabulary, endToken, textOf } from './byteVocabulary.ts';
import { madeSchemas } from './madeSchemas.ts';

const engine = await Llguidance.open(await WebAssembly.compile(readLlguidance()));
const book = new GrammarBook(engine, byteVocabulary);
const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** Begins an answer that is held to a schema. */
export function hold(schema: unknown, after?: ConstructorParameters<typeof AnswerConstraint>[1]['after']) {
  const text = JSON.stringify({ ...(schema as object), 'x-guidance': { whitespace_flexible: false } });
  const grammar = book.compile({ kind: 'json-schema', text });
  const description = {
    kind: 'json-schema' as const,
    text,
    endTokenIds: [endToken],
    ...(after && { after }),
  };
  return { constraint: new AnswerConstraint(grammar, description), grammar };
}

/** Draws until the end, or until `most` tokens are there. */
export function answer(constraint: AnswerConstraint, most: number, random: () => number): number[] {
  const mask = new Uint32Array(maskWords(byteVocabulary.size));
  const tokens: number[] = [];
  while (tokens.length < most && tokens.at(-1) !== endToken) {
    constraint.mask(mask);
    const may = Array.from({ length: byteVocabulary.size }, (_, token) => token).filter((token) =>
      allows(mask, token),
    );
    const drawn = may[Math.floor(random() * may.length)];
    if (drawn === undefined) throw new Error(`nothing may follow ${textOf(tokens)}`);
    tokens.push(constraint.take(drawn, most - tokens.length - 1));
  }
  return tokens;
}

export function seeded(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

/**
 * Answers to schemas, cut at the shortest length that is possible, a little later, and much later.
 * @returns those that are not what their schema says
 */
export function wrongAnswers(count: number): unknown[] {
  const wrong: unknown[] = [];
  for (const [index, schema] of madeSchemas(count).entries()) {
    const validate = ajv.compile(schema as object);
    const least = hold(schema).grammar.shortest?.length;
    if (least === undefined) wrong.push(['no end is found', schema]);
    else
      for (const [round, most] of [least, least + 7, least + 200].entries()) {
        const { constraint } = hold(schema);
        const text = textOf(answer(constraint, most, seeded(1000 * index + round)));
        if (!validate(JSON.parse(text))) wrong.push([text, schema, validate.errors]);
        constraint.dispose();
      }
  }
  return wrong;
}
